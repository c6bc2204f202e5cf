/** Tokens of messaging, mail and social services: name | keys | shape | yes | no. See `rule.ts`. */
export const chatRules = String.raw`
slack_config_token | xoxe- xoxe. | xoxe[.-](?:xox[bp]-)?\d{0,2}-?[A-Za-z0-9-]{100,400} | xoxe.xoxp-1-<w163> ; xoxe-1-<w146> | xoxe-1-<w9>
slack_token | xoxb- xoxp- xoxa- xoxr- xoxs- xoxc- xoxd- xoxo- | xox[abprscod]-[A-Za-z0-9%/+=-]{10,400} | xoxb-<d12>-<d12>-<w24> ; xoxp-<d12>-<d12>-<d12>-<h32> ; xoxd-<w60> | xoxb-<d5> ; xoxb-xxxxxxxxxxxx
slack_app_token | xapp- | xapp-\d-[A-Z0-9]{8,16}-\d{8,16}-[0-9a-f]{40,80} | xapp-1-A<u10>-<d13>-<h64> | xapp-1-A<u4>
slack_workflow_token | xwfp- | xwfp-[A-Za-z0-9-]{40,200} | xwfp-<d12>-<w80> | xwfp-<d5>
slack_webhook | hooks.slack.com/ | hooks\.slack\.com/(?:services|workflows|triggers)/[A-Za-z0-9+]{8,14}/[A-Za-z0-9+]{8,20}/[A-Za-z0-9+/]{16,60} | https://hooks.slack.com/services/T<u10>/B<u10>/<w24> ; hooks.slack.com/workflows/T<u10>/A<u10>/<d18>/<w24> | https://hooks.slack.com/services/T<u10>
discord_webhook | discord.com/api/webhooks/ discordapp.com/api/webhooks/ | discord(?:app)?\.com/api/webhooks/\d{15,22}/[A-Za-z0-9_-]{60,80} | https://discord.com/api/webhooks/<d18>/<b68> ; https://discordapp.com/api/webhooks/<d18>/<b68> | https://discord.com/api/webhooks/<d18>
discord_bot_token | MT MD Mj Mz ND NT Nj Nz OD OT | (?:M[TDjz]|N[DTjz]|O[DT])[A-Za-z0-9]{20,26}\.[A-Za-z0-9_-]{6}\.[A-Za-z0-9_-]{27,45} | MTE<w23>.<b6>.<b38> ; NzY<w21>.<b6>.<b27> ; ODk<w21>.<b6>.<b27> | MTE<w23> ; MTE<w23>.<b6>.<b9>
discord_mfa_token | mfa. | mfa\.[A-Za-z0-9_-]{80,100} | mfa.<b84> | mfa.<b9>
teams_webhook | webhook.office.com/webhookb2/ | webhook\.office\.com/webhookb2/[0-9a-f-]{36}@[0-9a-f-]{36}/IncomingWebhook/[0-9a-f]{32}/[0-9a-f-]{36} | https://demo.webhook.office.com/webhookb2/<U>@<U>/IncomingWebhook/<h32>/<U> | https://demo.webhook.office.com/webhookb2/<U>
google_chat_webhook | chat.googleapis.com/v1/spaces/ | chat\.googleapis\.com/v1/spaces/[A-Za-z0-9_-]{8,16}/messages\?key=[A-Za-z0-9_-]{30,50}&token=[A-Za-z0-9_%=-]{30,80} | https://chat.googleapis.com/v1/spaces/<w11>/messages?key=<b39>&token=<b43> | https://chat.googleapis.com/v1/spaces/<w11>/messages
telegram_bot_token | :AA | (?:bot)?\d{8,10}:AA[A-Za-z0-9_-]{32,35} | <d10>:AA<b33> ; <d9>:AAE<b32> ; bot<d10>:AAF<b32> | <d10>:AA<b9> ; <d3>:AA<b33> | back=8-13
twilio_key | SK0 SK1 SK2 SK3 SK4 SK5 SK6 SK7 SK8 SK9 SKa SKb SKc SKd SKe SKf | SK[0-9a-f]{32} | SK<h32> | SK<h9>
sendgrid_key | SG. | SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{32,64} | SG.<b22>.<b43> | SG.<b22> ; SG.<b5>.<b5>
mailgun_key | key- pubkey- | (?:pub)?key-[0-9a-f]{32} | key-<h32> ; pubkey-<h32> | key-<h9> ; key-of-the-thing-that-opens-a-door
mailchimp_key | -us | [0-9a-f]{32}-us\d{1,2} | <h32>-us14 ; <h32>-us5 | <h9>-us14 | back=32
mandrill_key | md- | md-[A-Za-z0-9_-]{22}(?![A-Za-z0-9_-]) | md-<b22> | md-<b9> ; md-some-class-name-words | mixed
brevo_key | xkeysib- xsmtpsib- | x(?:keysib|smtpsib)-[0-9a-f]{64}-[A-Za-z0-9]{16} | xkeysib-<h64>-<w16> ; xsmtpsib-<h64>-<w16> | xkeysib-<h9>
resend_key | re_ | re_[A-Za-z0-9]{8}_[A-Za-z0-9]{20,30} | re_<w8>_<w24> | re_<w8>_<w5> ; re_compiled_something_long_enough_here | mixed
onesignal_key | os_v2_app_ os_v2_org_ | os_v2_(?:app|org)_[a-z2-7]{90,110} | os_v2_app_<q103> | os_v2_app_<q9>
hubspot_token | pat-na pat-eu pat-ap | pat-(?:na|eu|ap)\d-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | pat-na1-<U> ; pat-eu1-<U> | pat-na1-<h8>
salesforce_token | 00D | 00D[A-Za-z0-9]{12,15}![A-Za-z0-9_.]{80,260} | 00D<w12>!<w96> ; 00D<w15>!AQ<w90> | 00D<w12>!<w9>
salesforce_refresh_token | 5Aep861 | 5Aep861[A-Za-z0-9_.]{60,120} | 5Aep861<w80> | 5Aep861<w9>
twitter_bearer | AAAAAAAAAAAAAAAAAAAAA | AAAAAAAAAAAAAAAAAAAAA[A-Za-z0-9%+/=]{70,160} | AAAAAAAAAAAAAAAAAAAAAA<w20>%2B<w66> | AAAAAAAAAAAAAAAAAAAAAA<w9> | base64 mixed
facebook_token | EAAG EAAC EAAB EAAA EAAD EAAE EAAF EAAJ EAAK EAAM EAAS EAAW | EAA[A-Z][A-Za-z0-9]{80,400} | EAAG<w120> ; EAACEdEose0cBA<w90> | EAAG<w9> | mixed
instagram_token | IGQV IGQW IGAA | IG(?:Q[VW]|AA)[A-Za-z0-9_-]{100,400} | IGQV<w150> ; IGAA<w150> | IGQV<w9> | mixed
tiktok_token | act. | act\.[A-Za-z0-9!]{60,90} | act.<w72> | act.<w9> | mixed
twitch_token | oauth: | oauth:[a-z0-9]{30} | oauth:<l30> | oauth:<l9> ; oauth:something | floor=3
linkedin_token | WPL_AP WPL. | WPL(?:_AP\d|\.)[A-Za-z0-9_.=+/-]{16,60} | WPL_AP1.<w16>.<w6>== | WPL_AP1.<w3> | base64
dropbox_token | sl.u. sl.B sl.A sl.C | sl\.(?:u\.)?[A-Za-z0-9_-]{130,2000} | sl.B<b136> ; sl.u.A<b400> | sl.B<b9>
zapier_webhook | hooks.zapier.com/hooks/catch/ | hooks\.zapier\.com/hooks/catch/\d{4,10}/[a-z0-9]{6,12} | https://hooks.zapier.com/hooks/catch/<d7>/<l7> | https://hooks.zapier.com/hooks/catch/
chime_webhook | hooks.chime.aws/incomingwebhooks/ | hooks\.chime\.aws/incomingwebhooks/[0-9a-f-]{36}\?token=[A-Za-z0-9_-]{30,120} | https://hooks.chime.aws/incomingwebhooks/<U>?token=<b60> | https://hooks.chime.aws/incomingwebhooks/
courier_key | pk_prod_ | pk_prod_[A-Z0-9]{28} | pk_prod_<u28> | pk_prod_<u9>
intercom_token | dG9rO | dG9rO[A-Za-z0-9+/]{50,60}={0,2} | dG9rO<s54>= | dG9rO<s9> | base64
office_webhook | outlook.office.com/webhook/ | outlook\.office\.com/webhook/[0-9a-f-]{36}@[0-9a-f-]{36}/[A-Za-z]{5,30}/[0-9a-f]{32}/[0-9a-f-]{36} | https://outlook.office.com/webhook/<U>@<U>/IncomingWebhook/<h32>/<U> | https://outlook.office.com/webhook/<U>
lark_webhook | open.feishu.cn/open-apis/bot/ open.larksuite.com/open-apis/bot/ | open\.(?:feishu\.cn|larksuite\.com)/open-apis/bot/v2/hook/[0-9a-f-]{36} | https://open.feishu.cn/open-apis/bot/v2/hook/<U> ; https://open.larksuite.com/open-apis/bot/v2/hook/<U> | https://open.feishu.cn/open-apis/bot/v2/hook/
dingtalk_webhook | oapi.dingtalk.com/robot/send?access_token= | oapi\.dingtalk\.com/robot/send\?access_token=[0-9a-f]{64} | https://oapi.dingtalk.com/robot/send?access_token=<h64> | https://oapi.dingtalk.com/robot/send?access_token=<h9>
wecom_webhook | qyapi.weixin.qq.com/cgi-bin/webhook/send?key= | qyapi\.weixin\.qq\.com/cgi-bin/webhook/send\?key=[0-9a-f-]{36} | https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=<U> | https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=
`;
