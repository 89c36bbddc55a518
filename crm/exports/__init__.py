"""Export permits: no file of customer data leaves the house without who, what, what for, until when, and a second look at the rights.

An app offers what it can export in `AppConfig.ready()`: `handlers.register(Source(...))`. A page shows the form `exports/_ask.html` and
answers its POST by `crm.exports.views.hand_out`. Everything else is the same for all doors: purpose, cap by role, approval above it, the
file sealed at rest, the rights asked again at the download, deletion after 24 hours.
"""
