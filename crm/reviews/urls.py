"""Pages of reviews."""

from django.urls import path

from crm.reviews import views

app_name = "reviews"
urlpatterns = [
    path("", views.review_list, name="review_list"),
    path("campaigns/", views.campaign_list, name="campaign_list"),
    path("<ref:reference>/", views.review_detail, name="review"),
]
