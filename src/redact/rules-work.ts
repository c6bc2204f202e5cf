/** Tokens of office, design, monitoring and other services: name | keys | shape | yes | no. See `rule.ts`. */
export const workRules = String.raw`
notion_token | ntn_ secret_ | (?:ntn_[A-Za-z0-9]{40,50}|secret_[A-Za-z0-9]{43}(?![A-Za-z0-9])) | ntn_<w46> ; secret_<w43> | ntn_<w9> ; secret_<w12> ; secret_name_of_something_in_a_configuration_file | mixed
linear_key | lin_api_ lin_oauth_ lin_wh_ | lin_(?:api|oauth|wh)_[A-Za-z0-9]{32,64} | lin_api_<w40> ; lin_oauth_<h64> ; lin_wh_<w40> | lin_api_<w9>
asana_token | 1/1 2/1 0/1 | (?:[0-2]/\d{13,18}|[0-2]/\d{13,18}/\d{13,18}):[0-9a-f]{32} | 1/1<d15>:<h32> ; 2/1<d15>/<d16>:<h32> | 1/1<d15>:<h9>
airtable_token | pat | pat[A-Za-z0-9]{14}\.[0-9a-f]{64} | pat<w14>.<h64> | pat<w14>.<h9>
clickup_token | pk_ | pk_\d{4,10}_[A-Z0-9]{32} | pk_<d8>_<u32> | pk_<d8>_<u9>
trello_token | ATTA | ATTA[0-9a-f]{64} | ATTA<h64> | ATTA<h9>
figma_token | figd_ figo_ figu_ figur_ figoh_ | fig(?:d|o|u|ur|oh)_[A-Za-z0-9_-]{38,80} | figd_<b40> ; figu_<b40> | figd_<b9>
typeform_token | tfp_ | tfp_[A-Za-z0-9_.=-]{40,60} | tfp_<b44>_<b14> | tfp_<b9>
contentful_token | CFPAT- | CFPAT-[A-Za-z0-9_-]{43} | CFPAT-<b43> | CFPAT-<b9>
sanity_token | sk | sk[A-Za-z0-9]{78,200}(?![A-Za-z0-9]) | sk<w178> ; sk<w78> | sk<w20> | mixed
readme_key | rdme_ | rdme_[a-z0-9]{70} | rdme_<l70> | rdme_<l9>
postman_key | PMAK- PMAT- | (?:PMAK-[0-9a-f]{24}-[0-9a-f]{34}|PMAT-[A-Z0-9]{26}) | PMAK-<h24>-<h34> ; PMAT-<u26> | PMAK-<h9>
grafana_token | glc_ glsa_ | (?:glc_[A-Za-z0-9+/]{32,400}={0,2}|glsa_[A-Za-z0-9]{32}_[0-9A-Fa-f]{8}) | glc_<w90> ; glsa_<w32>_<h8> | glc_<w9> ; glsa_<w9> | base64
grafana_key | eyJrIjoi | eyJrIjoi[A-Za-z0-9]{60,400}={0,2} | eyJrIjoi<w80> | eyJrIjoi<w9> | base64
newrelic_key | NRAK- NRII- NRJS- NRRA- NRAL- NRBR- NRIQ- NRSP- | NR(?:AK|II|JS|RA|AL|BR|IQ|SP)-[A-Za-z0-9_-]{19,42} | NRAK-<u27> ; NRII-<b32> ; NRJS-<h19> | NRAK-<u5>
newrelic_license | NRAL | (?:[0-9a-f]{36}|eu01xx[0-9a-f]{30})NRAL | <h36>NRAL ; eu01xx<h30>NRAL | <h9>NRAL | back=36
sentry_token | sntrys_ sntryu_ | (?:sntrys_eyJ[A-Za-z0-9+/=_]{60,600}|sntryu_[0-9a-f]{64}) | sntrys_eyJ<w150>=_<s43> ; sntryu_<h64> | sntrys_<w9> ; sntryu_<h9> | base64
sentry_dsn | @sentry. @o1 @o2 @o3 @o4 @o5 @o6 @o7 @o8 @o9 | [0-9a-f]{32}@(?:o\d{1,20}\.ingest\.|sentry\.)[a-z0-9.-]{4,40} | https://<h32>@o123456.ingest.sentry.io/1234567 ; https://<h32>@sentry.example.test/7 | https://<h9>@o123456.ingest.sentry.io/1 | back=32
honeycomb_key | hcaik_ hcbik_ hccik_ hcaic_ hcxik_ hcamk_ hcxmk_ hcalk_ | hc[a-z](?:ik|ic|mk|lk)_[a-z0-9]{26,64} | hcaik_<l58> ; hcamk_<l58> | hcaik_<l9>
dynatrace_token | dt0c01. dt0s01. dt0s02. dt0s03. dt0s04. dt0s06. dt0s08. dt0s09. dt0s16. | dt0[a-z]\d{2}\.[A-Z0-9]{8,24}\.[A-Z0-9]{64} | dt0c01.<u24>.<u64> ; dt0s16.<u8>.<u64> | dt0c01.<u24>
elastic_key | essu_ | essu_[A-Za-z0-9+/=]{40,130} | essu_<w80> | essu_<w9> | base64
posthog_key | phx_ phs_ phr_ pha_ | ph[xsra]_[A-Za-z0-9]{40,60} | phx_<w43> ; phs_<w43> | phx_<w9> ; phc_<w43>
launchdarkly_key | sdk- api- mob- | (?:sdk|api|mob)-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | sdk-<U> ; api-<U> ; mob-<U> | sdk-<h8> ; api-<h4>-<h4>
statsig_key | secret- console- | (?:secret|console)-[A-Za-z0-9]{40,50}(?![A-Za-z0-9-]) | secret-<w43> ; console-<w43> | secret-<w9> | mixed
flagsmith_key | ser. | ser\.[A-Za-z0-9]{22}(?![A-Za-z0-9]) | ser.<w22> | ser.<w9> | mixed
mapbox_secret_token | sk.eyJ tk.eyJ | [st]k\.eyJ[A-Za-z0-9_-]{50,300}\.[A-Za-z0-9_-]{20,24} | sk.eyJ<w80>.<b22> | sk.eyJ<w9> ; pk.something
adobe_secret | p8e- | p8e-[A-Za-z0-9_-]{32} | p8e-<l32> ; p8e-<b32> | p8e-<l9>
akamai_token | akab- | akab-[a-z0-9]{16}-[a-z0-9]{16} | akab-<l16>-<l16> | akab-<l5>
frameio_token | fio-u- | fio-u-[A-Za-z0-9_=-]{64} | fio-u-<b64> | fio-u-<b9>
retool_token | retool_ | retool_[a-z0-9]{26,40} | retool_<l32> | retool_<l9>
beamer_key | b_ | b_[A-Za-z0-9=_/-]{44}(?![A-Za-z0-9_/-]) | b_<w44> | b_<w9> ; b_a_long_name_of_some_variable_with_numbers_123 | mixed
unkey_key | unkey_ | unkey_[A-Za-z0-9]{20,40} | unkey_<w24> | unkey_<w9>
trigger_key | tr_dev_ tr_prod_ tr_stg_ tr_pat_ | tr_(?:dev|prod|stg|pat)_[A-Za-z0-9]{20,48} | tr_dev_<w24> ; tr_prod_<w24> ; tr_pat_<w40> | tr_dev_<w5>
inngest_key | signkey-prod- signkey-test- signkey-branch- | signkey-(?:prod|test|branch)-[0-9a-f]{32,64} | signkey-prod-<h64> ; signkey-test-<h32> | signkey-prod-<h9>
liveblocks_key | sk_dev_ sk_prod_ | sk_(?:dev|prod)_[A-Za-z0-9_-]{40,80} | sk_dev_<b64> | sk_dev_<w9>
shortcut_token | sct_ | sct_(?:rw|ro)_[a-z0-9]{2,20}_[A-Za-z0-9_-]{30,60} | sct_rw_<l5>_<w43> | sct_rw_<l5>
n8n_key | n8n_api_ | n8n_api_[A-Za-z0-9]{40,80} | n8n_api_<w64> | n8n_api_<w9>
metabase_key | mb_ | mb_[A-Za-z0-9+/]{40,48}={0,2} | mb_<s43>= | mb_<s9> | base64 mixed
vanta_token | vat_ vas_ | v(?:at|as)_[A-Za-z0-9]{6}_[A-Za-z0-9]{30,60} | vat_<w6>_<w40> | vat_<w6>
okta_token | SSWS | SSWS {1,4}00[A-Za-z0-9_-]{40} | SSWS 00<b40> | SSWS 00<b9>
settlemint_token | sm_pat_ sm_aat_ sm_sat_ | sm_[pas]at_[A-Za-z0-9]{16,40} | sm_pat_<w16> ; sm_aat_<w16> ; sm_sat_<w16> | sm_pat_<w5>
intra42_secret | s-s4t2ud- s-s4t2af- | s-s4t2(?:ud|af)-[0-9a-f]{64} | s-s4t2ud-<h64> ; s-s4t2af-<h64> | s-s4t2ud-<h9>
authress_key | .acc_ .acc- | (?:sc|ext|scauth|authress)_[a-z0-9]{5,30}\.[a-z0-9]{4,6}\.acc[_-][a-z0-9-]{10,32}\.[a-z0-9+/_=-]{30} | sc_<l12>.<l5>.acc_<l16>.<l60> ; authress_<l20>.<l4>.acc-<l12>.<l80> | sc_<l5>.<l5>.acc_<l5> | back=13-46 base64
maxmind_key | _mmk | [A-Za-z0-9]{6}_[A-Za-z0-9]{29}_mmk | <w6>_<w29>_mmk | <w9>_mmk | back=36
jumpcloud_key | jca_ | jca_[A-Za-z0-9]{36,44} | jca_<w40> | jca_<w9>
`;
