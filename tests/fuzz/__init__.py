"""Messages that nobody in their right mind would send, and some that another team's client well may."""
