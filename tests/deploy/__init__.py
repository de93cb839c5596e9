"""What is deployed: manifests, images, and the files around them."""
