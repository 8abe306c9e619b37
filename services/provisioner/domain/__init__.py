"""What an approved plan means on the target cloud: tasks, their order and their states. Pure."""
