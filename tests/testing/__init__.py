"""The kit that ships with the package does what it says, and its laws catch what they are for."""
