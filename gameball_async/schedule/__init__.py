"""When it is said: quota, retries, polls. Time and chance are arguments."""
