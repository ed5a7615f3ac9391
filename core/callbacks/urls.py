from django.urls import path

from core.callbacks import views

app_name = "callbacks"
urlpatterns = [
    path("callbacks/sms/replies/", views.sms_reply, name="sms-reply"),
    path("callbacks/sms/<str:message>/", views.sms_status, name="sms-status"),
]
