/** Tokens of payment, commerce and shipping services: name | keys | shape | yes | no. See `rule.ts`. */
export const moneyRules = String.raw`
stripe_key | sk_live_ sk_test_ rk_live_ rk_test_ sk_prod_ rk_prod_ | [sr]k_(?:live|test|prod)_[A-Za-z0-9]{10,200} | sk_live_<w24> ; sk_test_<w99> ; rk_live_<w99> | sk_live_<w5> ; sk_test_xxxxxxxxxxxxxxxxxxxxxxxx ; pk_live_<w24> | floor=2.6
stripe_webhook_secret | whsec_ | whsec_[A-Za-z0-9+/=]{24,80} | whsec_<w32> ; whsec_<s43>= | whsec_<w5> | base64
stripe_org_key | sk_org_ | sk_org_(?:live_|test_)?[A-Za-z0-9]{24,200} | sk_org_live_<w48> | sk_org_<w5>
shopify_token | shpat_ shpca_ shppa_ shpss_ shptka_ shpua_ shpit_ shpra_ | shp(?:at|ca|pa|ss|tka|ua|it|ra)_[0-9a-fA-F]{32} | shpat_<h32> ; shpca_<h32> ; shppa_<h32> ; shpss_<h32> | shpat_<h9>
square_token | EAAA sq0atp- sq0csp- sq0idp- | (?:EAAA[A-Za-z0-9_-]{60}|sq0(?:atp-[A-Za-z0-9_-]{22}|csp-[A-Za-z0-9_-]{43})) | EAAA<b60> ; sq0atp-<b22> ; sq0csp-<b43> | EAAA<b9> ; sq0atp-<b9> | floor=3
paypal_braintree_token | access_token$ | access_token\$(?:production|sandbox)\$[a-z0-9]{16}\$[0-9a-f]{32} | access_token$production$<l16>$<h32> ; access_token$sandbox$<l16>$<h32> | access_token$production$<l16>
razorpay_key | rzp_live_ rzp_test_ | rzp_(?:live|test)_[A-Za-z0-9]{14,24} | rzp_live_<w14> ; rzp_test_<w14> | rzp_live_<w5>
flutterwave_key | FLWSECK FLWPUBK_ | FLWSECK(?:_TEST|_LIVE|_PROD)?-[0-9a-zA-Z]{12,40}(?:-X)? | FLWSECK_TEST-<h32>-X ; FLWSECK-<h32>-X | FLWSECK-<h5>
plaid_token | access-production- access-sandbox- access-development- | access-(?:production|sandbox|development)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | access-production-<U> ; access-sandbox-<U> | access-production-<h8>
mollie_key | live_ | live_[A-Za-z0-9]{30}(?![A-Za-z0-9]) | live_<w30> | live_<w9> ; live_stream_of_something_quite_long_here | mixed
gocardless_token | live_ | live_[A-Za-z0-9_-]{40}(?![A-Za-z0-9_-]) | live_<b40> | live_<b9> ; live_reload_the_page_when_a_source_file_changes | mixed
lob_key | live_ test_ | (?:live|test)_(?:pub_)?[0-9a-f]{35} | live_<h35> ; test_<h35> | test_<h9>
paddle_key | pdl_live_apikey_ pdl_sdbx_apikey_ pdl_ntfset_ | pdl_(?:(?:live|sdbx)_apikey|ntfset)_[A-Za-z0-9]{20,30}_[A-Za-z0-9_]{20,40} | pdl_live_apikey_<l26>_<w22>_<w3> ; pdl_ntfset_<l26>_<w32> | pdl_live_apikey_<l9>
shippo_token | shippo_live_ shippo_test_ | shippo_(?:live|test)_[0-9a-f]{40} | shippo_live_<h40> ; shippo_test_<h40> | shippo_live_<h9>
easypost_key | EZAK EZTK | EZ[AT]K[A-Za-z0-9]{54} | EZAK<w54> ; EZTK<w54> | EZAK<w9>
duffel_token | duffel_live_ duffel_test_ | duffel_(?:live|test)_[A-Za-z0-9_=-]{43} | duffel_live_<b43> ; duffel_test_<b43> | duffel_live_<b9>
adyen_key | AQE AQF | AQ[EF][a-z]hm[a-z]{2}[A-Za-z0-9+/=_-]{60,250} | AQEyhmfx<w90> ; AQFmhmfu<w90> | AQEyhmfx<w9> ; AQE<w90> | base64
coinbase_key | organizations/ | organizations/[0-9a-f-]{36}/apiKeys/[0-9a-f-]{36} | organizations/<U>/apiKeys/<U> | organizations/<U>
polar_token | polar_oat_ polar_pat_ polar_whs_ polar_at_ polar_rt_ | polar_(?:oat|pat|whs|at_[uo]|rt_[uo])_[A-Za-z0-9]{30,60} | polar_oat_<w43> ; polar_pat_<w43> ; polar_at_u_<w43> | polar_oat_<w9>
workos_key | sk_live_a2V5 sk_test_a2V5 | sk_(?:live|test)_a2V5[A-Za-z0-9+/=]{20,200} | sk_test_a2V5<w60> | sk_test_a2V5 | base64
stytch_secret | secret-live- secret-test- | secret-(?:live|test)-[A-Za-z0-9_=-]{36,60} | secret-live-<b44> ; secret-test-<b44> | secret-live-<b5>
persona_key | persona_sandbox_ persona_production_ | persona_(?:sandbox|production)_[0-9a-zA-Z-]{32,60} | persona_production_<U> ; persona_sandbox_<U> | persona_production_<h5>
onfido_token | api_live. api_sandbox. api_live_us. api_live_ca. | api_(?:live|sandbox)(?:_us|_ca)?\.[A-Za-z0-9_-]{11}\.[A-Za-z0-9_-]{32} | api_live.<b11>.<b32> ; api_sandbox.<b11>.<b32> | api_live.<b11>
sumsub_token | sbx: prd: | (?:sbx|prd):[A-Za-z0-9]{24}\.[A-Za-z0-9]{32} | sbx:<w24>.<w32> ; prd:<w24>.<w32> | prd:<w9>
alchemy_token | alcht_ | alcht_[A-Za-z0-9]{30} | alcht_<w30> | alcht_<w9>
`;
