"""The use case of the service: which answer an entity gets, made from facts and served from memory."""
