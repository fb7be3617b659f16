"""The edge that people and programs reach through HTTP: the console, the API, and what guards them."""
