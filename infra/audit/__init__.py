"""The audit: a verification that runs again and again in the background, slowly, and whose verdict is a metric."""
