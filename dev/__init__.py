"""What developers run on the checkout itself: `./hf test` and `./hf check`. No part of the package."""
