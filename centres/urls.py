from django.urls import path

from centres.views import doors

urlpatterns = [
    path("sign-in/", doors.sign_in, name="sign_in"),
    path("sign-in/code/", doors.one_time_code, name="one_time_code"),
    path("sign-in/second-factor/", doors.second_factor, name="second_factor"),
    path("sign-in/card/", doors.sign_in_with_card, name="sign_in_with_card"),
    path("sign-out/", doors.sign_out, name="sign_out"),
    path("account/", doors.account, name="account"),
    path("account/password/", doors.choose_password, name="choose_password"),
    path("audit/", doors.audit, name="audit"),
    path("audit/check/", doors.audit_check, name="audit_check"),
    path("theme/", doors.set_theme, name="set_theme"),
]
