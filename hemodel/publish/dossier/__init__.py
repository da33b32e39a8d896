"""The dossier: one document model, its layouts, and its rendering in Word and as a page."""
