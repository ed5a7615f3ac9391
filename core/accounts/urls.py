from django.urls import path

from core.accounts import views

# The names are allauth's, which leads people to them.
urlpatterns = [
    # The door
    path("login/", views.log_in, name="account_login"),
    path("logout/", views.log_out, name="account_logout"),
    path("inactive/", views.inactive, name="account_inactive"),
    path("reauthenticate/", views.password_again, name="account_reauthenticate"),
    # A forgotten password
    path("password/reset/", views.forgotten, name="account_reset_password"),
    path("password/reset/done/", views.forgotten_done, name="account_reset_password_done"),
    path("password/reset/<uid>/<token>/", views.choose_password, name="account_reset_password_from_key"),
]
