from django.urls import path

from core.callbacks import chats, gateway, views

app_name = "callbacks"
urlpatterns = [
    path("callbacks/pushover/<str:message>/", views.pushover, name="pushover"),
    path("callbacks/sms/replies/", views.sms_reply, name="sms-reply"),
    path("callbacks/sms/<str:message>/", views.sms_status, name="sms-status"),
    path("callbacks/voice/<str:message>/", views.voice_status, name="voice-status"),
    path("callbacks/voice/<str:message>/keys/", views.voice_keys, name="voice-keys"),
    path("callbacks/gateway/sms/replies/", gateway.sms_reply, name="gateway-sms-reply"),
    path("callbacks/gateway/sms/<str:message>/", gateway.sms_status, name="gateway-sms-status"),
    path("callbacks/gateway/voice/<str:message>/", gateway.voice_call, name="gateway-voice-call"),
    path("callbacks/slack/", chats.slack_pressed, name="slack"),
    path("callbacks/telegram/", chats.telegram_update, name="telegram"),
    path("callbacks/discord/", chats.discord_interaction, name="discord"),
    path("callbacks/mattermost/<str:message>/", chats.mattermost_pressed, name="mattermost"),
]
