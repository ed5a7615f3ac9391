from django.urls import path

from oncall.paging import views

urlpatterns = [
    path("me/notifications/", views.notifications, name="notifications"),
    path("me/notifications/-/test/", views.test_region, name="test-region"),
    path("me/notifications/test/", views.test, name="send-test-page"),
    # Contact methods
    path("me/notifications/methods/", views.add_method, name="add-method"),
    path("me/notifications/methods/sign-in/", views.add_default, name="add-default-method"),
    path("me/notifications/methods/browser/", views.add_browser, name="add-browser"),
    path("me/notifications/methods/<int:pk>/verify/", views.verify, name="verify-method"),
    path("me/notifications/methods/<int:pk>/code/", views.send_code, name="send-code"),
    path("me/notifications/methods/<int:pk>/switch/", views.switch, name="switch-method"),
    path("me/notifications/methods/<int:pk>/calls/", views.take_calls, name="take-calls"),
    path("me/notifications/methods/<int:pk>/remove/", views.remove, name="remove-method"),
    # Rules
    path("me/notifications/rules/", views.add_rule, name="add-rule"),
    path("me/notifications/rules/<int:pk>/remove/", views.remove_rule, name="remove-rule"),
]
