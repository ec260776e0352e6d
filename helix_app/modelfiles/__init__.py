"""Headers, configs and tokenizer metadata of model files. No torch, no Qt."""
