from django.urls import path

from centres import views

urlpatterns = [
    path("sign-in/", views.sign_in, name="sign_in"),
    path("sign-in/code/", views.one_time_code, name="one_time_code"),
    path("sign-in/second-factor/", views.second_factor, name="second_factor"),
    path("sign-in/card/", views.sign_in_with_card, name="sign_in_with_card"),
    path("sign-out/", views.sign_out, name="sign_out"),
    path("account/", views.account, name="account"),
    path("account/password/", views.choose_password, name="choose_password"),
    path("audit/", views.audit, name="audit"),
    path("audit/check/", views.audit_check, name="audit_check"),
    path("theme/", views.set_theme, name="set_theme"),
]
