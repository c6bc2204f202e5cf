/** Tokens of clouds, platforms and secret stores: name | keys | shape | yes | no. See `rule.ts`. */
export const cloudRules = String.raw`
aws_access_key | AKIA ABIA ACCA A3T | (?:AKIA|ABIA|ACCA|A3T[A-Z0-9])[A-Z0-9]{16}(?![A-Z0-9]) | AKIA<u16> ; ABIA<u16> ; A3TX<u16> | AKIA<u8> ; AKIAXXXXXXXXXXXXXXXX ; AKIA<u20>
aws_session_token | ASIA | ASIA[A-Z0-9]{16}(?![A-Z0-9]) | ASIA<u16> | ASIA<u8> ; ASIA<u20>
aws_bedrock_key | ABSK bedrock-api-key- | (?:ABSK[A-Za-z0-9+/]{100,300}|bedrock-api-key-[A-Za-z0-9+/]{40,2000})={0,2} | ABSK<s128>== ; bedrock-api-key-YmVkcm9jay5hbWF6b25hd3MuY29t<s600> | ABSK<s20> | base64
aws_mws_key | amzn.mws. | amzn\.mws\.[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | amzn.mws.<U> | amzn.mws.<h8>
amazon_oauth_secret | amzn1.oa2-cs. | amzn1\.oa2-cs\.v1\.[0-9a-f]{64} | amzn1.oa2-cs.v1.<h64> | amzn1.oa2-cs.v1.<h8> ; amzn1.application-oa2-client.<h32>
amazon_login_token | Atza| Atzr| | Atz[ar]\|[A-Za-z0-9_-]{100,1500} | Atza|<b300> ; Atzr|<b300> | Atza|<b20>
aws_signature | X-Amz-Signature= X-Amz-Security-Token= | X-Amz-(?:Signature=[0-9a-f]{64}|Security-Token=[A-Za-z0-9%+/=_-]{60,3000}) | X-Amz-Signature=<h64> ; X-Amz-Security-Token=<w300> | X-Amz-Signature=<h8> | base64
google_api_key | AIza | AIza[A-Za-z0-9_-]{35} | AIza<b35> | AIza<b12>
gemini_key | AQ.Ab | AQ\.Ab[A-Za-z0-9_-]{40,80} | AQ.Ab8RN6<b44> | AQ.Ab<b8>
google_oauth_token | ya29. | ya29\.[A-Za-z0-9_-]{20,2000} | ya29.<b120> ; ya29.a0A<b180> | ya29.<b8>
google_refresh_token | 1//0 | 1//0[A-Za-z0-9_-]{38,110} | 1//0<b42> ; 1//0g<b60> | 1//0<b9>
google_oauth_secret | GOCSPX- | GOCSPX-[A-Za-z0-9_-]{28} | GOCSPX-<b28> | GOCSPX-<b8>
google_hmac_key | GOOG1E GOOG | GOOG[A-Z0-9]{20,58}(?![A-Z0-9]) | GOOG1E<u55> ; GOOG<u20> | GOOG<u8> ; GOOGLEAPPLICATIONCREDENTIALS | mixed
firebase_server_key | AAAA | AAAA[A-Za-z0-9_-]{7}:[A-Za-z0-9_-]{140} | AAAA<b7>:<b140> | AAAA<b7>:<b20>
azure_storage_key | AccountKey= | AccountKey=[A-Za-z0-9+/]{86}== | AccountKey=<s86>== ; AccountName=demo;AccountKey=<s86>==;EndpointSuffix=core | AccountKey=<s20> | base64
azure_shared_key | SharedAccessKey= | SharedAccessKey=[A-Za-z0-9+/]{43}= | SharedAccessKey=<s43>= | SharedAccessKey=<s8> | base64
azure_sas_signature | sig= | sig=[A-Za-z0-9%+/]{43,100}(?:%3[Dd]|=) | sig=<w43>%3D ; https://demo.blob.core.windows.net/c?sv=2022-11-02&sr=c&sig=<w43>%3D | sig=<w12>
azure_client_secret | 0Q~ 1Q~ 2Q~ 3Q~ 4Q~ 5Q~ 6Q~ 7Q~ 8Q~ 9Q~ | [A-Za-z0-9_~.-]{3}[0-9]Q~[A-Za-z0-9_~.-]{31,34} | <w3>8Q~<w34> ; <w3>7Q~<w31> | <w3>8Q~<w5> | back=3
azure_devops_token | AZDO | [A-Za-z0-9]{76}AZDO[A-Za-z0-9]{4} | <w76>AZDO<w4> | <w20>AZDO<w4> | back=76
azure_ai_key | JQQJ99 | [A-Za-z0-9]{52}JQQJ99[A-Za-z0-9]{10}A[A-Za-z0-9]{15} | <w52>JQQJ99<w10>AC<w14> | <w20>JQQJ99<w10> | back=52
azure_function_key | AzFu | [A-Za-z0-9_-]{44}AzFu[A-Za-z0-9_=-]{8} | <b44>AzFu<w6>== | <b20>AzFu<w6> | back=44 base64
azure_search_key | AzSe | [A-Za-z0-9]{42}AzSe[A-Za-z0-9]{6} | <w42>AzSe<w6> | <w20>AzSe<w6> | back=42
azure_cache_key | AzCa | [A-Za-z0-9]{33}AzCa[A-Za-z0-9]{6}= | <w33>AzCa<w6>= | <w12>AzCa<w6> | back=33 base64
azure_cosmos_key | ACDb | [A-Za-z0-9+/]{76}ACDb[A-Za-z0-9+/]{6}== | <s76>ACDb<s6>== | <s20>ACDb<s6> | back=76 base64
azure_storage_account_key | +ASt +ABa | [A-Za-z0-9+/]{76}\+A(?:St|Ba)[A-Za-z0-9+/]{6}== | <s76>+ASt<s6>== | <s20>+ASt<s6> | back=76 base64
azure_registry_key | +ACR | [A-Za-z0-9+/]{42}\+ACR[A-Za-z0-9+/]{6} | <s42>+ACR<s6> | <s12>+ACR<s6> | back=42 base64
azure_messaging_key | +ASb +AEh +ARm | [A-Za-z0-9+/]{33}\+A(?:Sb|Eh|Rm)[A-Za-z0-9+/]{6}= | <s33>+ASb<s6>= ; <s33>+AEh<s6>= | <s9>+ASb<s6> | back=33 base64
azure_iot_key | AIoT | [A-Za-z0-9+/]{33}AIoT[A-Za-z0-9+/]{6}= | <s33>AIoT<s6>= | <s9>AIoT<s6> | back=33 base64
digitalocean_token | dop_v1_ doo_v1_ dor_v1_ | do[opr]_v1_[0-9a-f]{64} | dop_v1_<h64> ; doo_v1_<h64> ; dor_v1_<h64> | dop_v1_<h8>
digitalocean_spaces_key | DO00 DO801 | DO(?:00|801)[A-Z0-9]{15,16}(?![A-Z0-9]) | DO00<u16> | DO00<u5>
cloudflare_origin_ca_key | v1.0- | v1\.0-[0-9a-f]{24}-[0-9a-f]{146} | v1.0-<h24>-<h146> | v1.0-<h24>
cloudflare_token | cfut_ cfat_ cfk_ | cf(?:ut|at|k)_[A-Za-z0-9]{40,64} | cfut_<w48> ; cfat_<w48> ; cfk_<w48> | cfut_<w9>
cloudflare_turnstile_secret | 0x4AAA | 0x4AAA[A-Za-z0-9_-]{29,40} | 0x4AAAAAAA<b27> | 0x4AAA<b9>
alibaba_access_key | LTAI | LTAI[A-Za-z0-9]{12,24} | LTAI<w20> ; LTAI5t<w18> | LTAI<w5> | floor=3
tencent_secret_id | AKID | AKID[A-Za-z0-9]{28,32} | AKID<w32> | AKID<w8>
yandex_key | AQVN YCAJ YCM YCN YCO YCP | (?:AQVN[A-Za-z0-9_-]{35,38}|YC[A-Za-z0-9_-]{38}) | AQVN<b35> ; YCAJE<b35> | AQVN<b8> | mixed
yandex_iam_token | t1. | t1\.[A-Za-z0-9_-]{10,400}={0,2}\.[A-Za-z0-9_-]{86} | t1.<b80>.<b86> | t1.<b9>.<b9>
yandex_oauth_token | y0_ | y0_[A-Za-z0-9_-]{50,70} | y0_<b58> | y0_<b9>
scaleway_access_key | SCW | SCW[A-Z0-9]{17}(?![A-Z0-9]) | SCW<u17> | SCW<u5>
heroku_token | HRKU- | HRKU-(?:AA[A-Za-z0-9_-]{58}|[0-9a-f-]{36}) | HRKU-AA<b58> ; HRKU-<U> | HRKU-<w8>
fly_token | fo1_ fm1r_ fm1a_ fm2_ | (?:fo1_[A-Za-z0-9_-]{43}|fm(?:1[ra]|2)_[A-Za-z0-9+/]{100,2000}={0,3}) | fo1_<b43> ; fm2_<s300> | fo1_<w8> ; fm2_<w8> | base64
render_key | rnd_ | rnd_[A-Za-z0-9]{28,40} | rnd_<w32> | rnd_<w9>
netlify_token | nfp_ nfc_ nfo_ nfu_ nfb_ | nf[bcopu]_[A-Za-z0-9]{36,48} | nfp_<w36> ; nfp_<w40> | nfp_<w9>
vercel_token | vcp_ vci_ vca_ vcr_ | vc[piar]_[A-Za-z0-9]{24,80} | vcp_<w56> ; vca_<w56> | vcp_<w9>
vercel_blob_token | vercel_blob_rw_ | vercel_blob_rw_[A-Za-z0-9]{10,24}_[A-Za-z0-9]{24,50} | vercel_blob_rw_<w16>_<w30> | vercel_blob_rw_<w5>
supabase_token | sbp_ sb_secret_ | (?:sbp_(?:oauth_|v0_)?[0-9a-f]{40}|sb_secret_[A-Za-z0-9_-]{31,50}) | sbp_<h40> ; sbp_v0_<h40> ; sb_secret_<b31> | sbp_<h9> ; sb_publishable_<b31>
planetscale_token | pscale_tkn_ pscale_pw_ pscale_oauth_ | pscale_(?:tkn|pw|oauth)_[A-Za-z0-9_.=-]{32,64} | pscale_tkn_<w43> ; pscale_pw_<w43> ; pscale_oauth_<w43> | pscale_tkn_<w9>
neon_key | napi_ | napi_[a-z0-9]{60,70} | napi_<l64> | napi_<l9>
neon_password | npg_ | npg_[A-Za-z0-9]{12,24} | npg_<w16> | npg_<w4> ; npg_something_like_this | floor=2.8
xata_key | xau_ | xau_[A-Za-z0-9]{30,60} | xau_<w36> | xau_<w9>
databricks_token | dapi dose dkea dsapi | d(?:api|ose|kea|sapi)[0-9a-f]{32}(?:-\d)? | dapi<h32> ; dapi<h32>-2 ; dose<h32> | dapi<h9>
doppler_token | dp.pt. dp.st. dp.ct. dp.sa. dp.scim. dp.audit. | dp\.(?:pt|st|ct|sa|scim|audit)\.(?:[A-Za-z0-9]{40,44}|[a-z0-9_-]{2,35}\.[A-Za-z0-9]{40,44}) | dp.pt.<w43> ; dp.st.dev_<l4>.<w43> ; dp.scim.<w43> | dp.pt.<w9>
vault_token | hvs. hvb. hvr. | hv[sbr]\.[A-Za-z0-9_-]{24,300} | hvs.<b90> ; hvb.<b140> ; hvs.<w24> | hvs.<w9>
terraform_token | .atlasv1. | [A-Za-z0-9]{14}\.atlasv1\.[A-Za-z0-9_=-]{60,80} | <w14>.atlasv1.<w67> | <w5>.atlasv1.<w67> ; <w14>.atlasv1.<w9> | back=14
pulumi_token | pul- | pul-[0-9a-f]{40} | pul-<h40> | pul-<h9>
onepassword_token | ops_eyJ | ops_eyJ[A-Za-z0-9+/=_-]{250,2000} | ops_eyJ<w300> | ops_eyJ<w20> | base64
onepassword_secret_key | A3- | A3-[A-Z0-9]{6}-(?:[A-Z0-9]{11}|[A-Z0-9]{6}-[A-Z0-9]{5})-[A-Z0-9]{5}-[A-Z0-9]{5}-[A-Z0-9]{5} | A3-<u6>-<u11>-<u5>-<u5>-<u5> ; A3-<u6>-<u6>-<u5>-<u5>-<u5>-<u5> | A3-<u6>-<u5>
infisical_token | st. | st\.[0-9a-f]{24}\.[0-9a-f]{32}\.[0-9a-f]{32} | st.<h24>.<h32>.<h32> | st.<h24>
age_secret_key | AGE-SECRET-KEY-1 | AGE-SECRET-KEY-1[0-9A-Z]{58} | AGE-SECRET-KEY-1<u58> | AGE-SECRET-KEY-1<u9>
tailscale_key | tskey- | tskey-(?:[A-Za-z0-9]{6,24}|[a-z]{3,12}-[A-Za-z0-9]{6,24})-[A-Za-z0-9]{15,60} | tskey-auth-<w17>-<w33> ; tskey-api-<w17>-<w33> ; tskey-client-<w12>-<w32> | tskey-auth-<w5>
openshift_token | sha256~ | sha256~[A-Za-z0-9_-]{43} | sha256~<b43> | sha256~<b9>
rancher_token | token- kubeconfig- | (?:token-[a-z0-9]{5}|kubeconfig-u(?:ser)?-[a-z0-9.]{5,20}):[a-z0-9]{54} | token-<l5>:<l54> | token-<l5>:<l9>
docker_token | dckr_pat_ dckr_oat_ | dckr_[po]at_[A-Za-z0-9_-]{27,50} | dckr_pat_<b27> ; dckr_oat_<b32> | dckr_pat_<b5>
artifactory_key | AKCp | AKCp[A-Za-z0-9]{64,90} | AKCp8<w68> | AKCp<w20>
artifactory_reference_token | cmVmdGtuO | cmVmdGtuO[A-Za-z0-9]{50,90} | cmVmdGtuOjAx<w52> | cmVmdGtuO<w9>
upcloud_token | ucat_ | ucat_[A-Z0-9]{26} | ucat_<u26> | ucat_<u9>
defined_networking_token | dnkey- | dnkey-[A-Za-z0-9_=-]{26}-[A-Za-z0-9_=-]{52} | dnkey-<b26>-<b52> | dnkey-<b9>
prefect_key | pnu_ pnb_ | pn[ub]_[a-zA-Z0-9]{36} | pnu_<w36> | pnu_<w9>
dbt_token | dbtc_ dbtu_ | dbt[cu]_[A-Za-z0-9_-]{32,60} | dbtc_<b40> ; dbtu_<b40> | dbtc_<w9>
mongodb_atlas_secret | mdb_sa_sk_ | mdb_sa_sk_[A-Za-z0-9_-]{36,60} | mdb_sa_sk_<b40> | mdb_sa_sk_<b9>
clickhouse_secret | 4b1d | 4b1d[A-Za-z0-9]{38} | 4b1d<w38> | 4b1d<w9> ; 4b1d<h36> | mixed
tinybird_token | p.eyJ | p\.eyJ[A-Za-z0-9_-]{20,400}\.[A-Za-z0-9_-]{43} | p.eyJ<b90>.<b43> | p.eyJ<b9>
convex_key | prod: dev: preview: | (?:prod|dev|preview):[a-z0-9-]{5,40}\|[A-Za-z0-9+/=_-]{50,200} | prod:happy-animal-123|<w90> | prod:happy-animal-123
nebius_key | v1.CmM | v1\.CmM[A-Za-z0-9_-]{80,300} | v1.CmM<b120> | v1.CmM<b9>
`;
