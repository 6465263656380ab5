"""Where each page lies within a release, by language: so that pages can point to each other."""

FILES = {"da": "index.html", "en": "en.html"}
VALIDATION = {"da": "validation.html", "en": "validation_en.html"}
