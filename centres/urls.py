from django.urls import path

from centres.views import accounts, doors, letters

urlpatterns = [
    path("sign-in/", doors.sign_in, name="sign_in"),
    path("sign-in/code/", doors.one_time_code, name="one_time_code"),
    path("sign-in/second-factor/", doors.second_factor, name="second_factor"),
    path("sign-in/card/", doors.sign_in_with_card, name="sign_in_with_card"),
    path("sign-in/account/", accounts.sign_in, name="sign_in_with_account"),
    path("sign-in/account/app/", accounts.app_code, name="account_app_code"),
    path("sign-in/account/code/", accounts.code, name="account_code"),
    path("sign-in/account/forgotten/", accounts.forgotten, name="account_forgotten"),
    path("sign-in/account/new/", accounts.join, name="account_new"),
    path("sign-in/account/password/", accounts.password, name="account_password"),
    path("account/contacts/", accounts.add_address, name="contact_add"),
    path("account/contacts/remove/", accounts.remove_address, name="contact_remove"),
    path("account/everywhere/", accounts.everywhere, name="sign_out_everywhere"),
    path("staff/messages/", letters.outbox, name="outbox"),
    path("staff/messages/<int:key>/", letters.letter, name="letter"),
    path("staff/messages/<int:key>/again/", letters.again, name="letter_again"),
    path("sign-out/", doors.sign_out, name="sign_out"),
    path("account/", doors.account, name="account"),
    path("account/password/", doors.choose_password, name="choose_password"),
    path("audit/", doors.audit, name="audit"),
    path("audit/check/", doors.audit_check, name="audit_check"),
    path("theme/", doors.set_theme, name="set_theme"),
]
