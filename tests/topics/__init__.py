"""Topics that are not what they were: made anew, cut short, grown."""
