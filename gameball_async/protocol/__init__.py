"""What is said on the wire: requests and answers as plain functions over values."""
