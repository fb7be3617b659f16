"""What developers run on the checkout itself: `./hf test`, `./hf check`, `./hf bench`. No part of the package."""
