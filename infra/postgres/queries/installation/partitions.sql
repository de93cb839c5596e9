SELECT partitions FROM annals.installation
