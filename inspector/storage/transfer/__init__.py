"""A database brought over into another: to move house, and as a backup."""
