"""The ground floors and the settings of the CRM."""
