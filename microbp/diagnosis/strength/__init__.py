"""What a gradient check can see: mistakes are planted, and it is asked whether it notices."""
