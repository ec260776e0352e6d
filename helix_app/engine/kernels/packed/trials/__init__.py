"""Native code on trial before it is used, in processes of its own: whether it is right, and which form is fastest."""
