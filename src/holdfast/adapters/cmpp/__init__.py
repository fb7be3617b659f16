"""CMPP 2.0 and 3.0, straight to the carrier: packets, content, the connection, and the `SmsChannel` on it."""
