"""What switching recitation off is made of: the change of one activation, the changed model, what it does and costs."""
