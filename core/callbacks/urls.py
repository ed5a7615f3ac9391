from django.urls import path

from core.callbacks import views

app_name = "callbacks"
urlpatterns = [
    path("callbacks/pushover/<str:message>/", views.pushover, name="pushover"),
    path("callbacks/sms/replies/", views.sms_reply, name="sms-reply"),
    path("callbacks/sms/<str:message>/", views.sms_status, name="sms-status"),
    path("callbacks/voice/<str:message>/", views.voice_status, name="voice-status"),
    path("callbacks/voice/<str:message>/keys/", views.voice_keys, name="voice-keys"),
]
