/**
 * Vendors whose keys have no prefix of their own: the value counts when the name before it has one of the words.
 * The columns are those of `rule.ts`; a word is lower case without separators (`MY-DD_API_KEY` has `ddapikey`), and
 * the shape is that of the whole value.
 */
export const assignedRules = String.raw`
aws_secret_key | awssecret secretaccesskey awssecretkey awssk | [A-Za-z0-9/+]{40} | AWS_SECRET_ACCESS_KEY=<s40> ; aws_secret_access_key = <s40> ; "SecretAccessKey": "<s40>" | aws_secret_access_key = <s9> ; AWS_SECRET_ACCESS_KEY=$SECRET
aws_session_secret | awssessiontoken awssecuritytoken sessiontoken | [A-Za-z0-9/+=]{100,2000} | AWS_SESSION_TOKEN=<s300> ; "SessionToken": "<s400>==" | AWS_SESSION_TOKEN=$TOKEN
azure_client_key | azure ocpapimsubscriptionkey subscriptionkey | [0-9a-f]{32} | AZURE_OPENAI_API_KEY=<h32> ; Ocp-Apim-Subscription-Key: <h32> | AZURE_OPENAI_API_KEY=<h9>
cloudflare_api_key | cloudflare cfapikey cfapitoken cftoken | (?:[0-9a-f]{37}|[A-Za-z0-9_-]{40}) | CLOUDFLARE_API_KEY=<h37> ; CLOUDFLARE_API_TOKEN=<b40> ; cloudflare_api_token = "<b40>" | CLOUDFLARE_API_TOKEN=<b9>
datadog_key | datadog ddapikey ddappkey ddclienttoken | (?:[0-9a-f]{32}|[0-9a-f]{40}) | DD_API_KEY=<h32> ; DD_APP_KEY=<h40> ; datadog_api_key: <h32> | DD_API_KEY=<h9>
heroku_api_key | heroku | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | HEROKU_API_KEY=<U> | HEROKU_API_KEY=<h9>
twilio_auth_token | twilio | [0-9a-f]{32} | TWILIO_AUTH_TOKEN=<h32> | TWILIO_AUTH_TOKEN=<h9>
mailgun_signing_key | mailgun | [0-9a-f]{32}-[0-9a-f]{8}-[0-9a-f]{8} | MAILGUN_API_KEY=<h32>-<h8>-<h8> | MAILGUN_API_KEY=<h9>
discord_secret | discord | [A-Za-z0-9_-]{32} | DISCORD_CLIENT_SECRET=<b32> | DISCORD_CLIENT_SECRET=<b9>
google_client_secret | googleclientsecret gcpclientsecret | [A-Za-z0-9_-]{24} | GOOGLE_CLIENT_SECRET=<b24> | GOOGLE_CLIENT_SECRET=<b9>
cohere_key | cohere coapikey | [A-Za-z0-9]{40} | COHERE_API_KEY=<w40> ; CO_API_KEY=<w40> | COHERE_API_KEY=<w9>
mistral_key | mistral | [A-Za-z0-9]{32} | MISTRAL_API_KEY=<w32> | MISTRAL_API_KEY=<w9>
together_legacy_key | together | [0-9a-f]{64} | TOGETHER_API_KEY=<h64> | TOGETHER_API_KEY=<h9>
deepgram_key | deepgram | [0-9a-f]{40} | DEEPGRAM_API_KEY=<h40> | DEEPGRAM_API_KEY=<h9>
assemblyai_key | assemblyai assembly | [0-9a-f]{32} | ASSEMBLYAI_API_KEY=<h32> | ASSEMBLYAI_API_KEY=<h9>
wandb_legacy_key | wandb | [0-9a-f]{40} | WANDB_API_KEY=<h40> | WANDB_API_KEY=<h9>
exa_key | exaapikey metaphorapikey | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | EXA_API_KEY=<U> | EXA_API_KEY=<h9>
serper_key | serper serpapi | (?:[0-9a-f]{40}|[0-9a-f]{64}) | SERPER_API_KEY=<h40> ; SERPAPI_API_KEY=<h64> | SERPER_API_KEY=<h9>
brave_search_key | bravesearch braveapikey | BSA[A-Za-z0-9_-]{26,30} | BRAVE_API_KEY=BSA<b28> | BRAVE_API_KEY=BSA<b5>
zhipu_key | zhipu bigmodel zaiapikey glmapikey | [0-9a-f]{32}\.[A-Za-z0-9]{16} | ZHIPUAI_API_KEY=<h32>.<w16> | ZHIPUAI_API_KEY=<h9>
ibm_key | ibmcloud ibmapikey watson | [A-Za-z0-9_-]{44} | IBMCLOUD_API_KEY=<b44> | IBMCLOUD_API_KEY=<b9>
vault_legacy_token | vault | s\.[A-Za-z0-9]{24} | VAULT_TOKEN=s.<w24> | VAULT_TOKEN=s.<w9>
hetzner_token | hetzner hcloud | [A-Za-z0-9]{64} | HCLOUD_TOKEN=<w64> | HCLOUD_TOKEN=<w9>
linode_token | linode | [0-9a-f]{64} | LINODE_TOKEN=<h64> | LINODE_TOKEN=<h9>
vultr_key | vultr | [A-Z0-9]{36} | VULTR_API_KEY=<u36> | VULTR_API_KEY=<u9>
scaleway_secret | scwsecret scaleway | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | SCW_SECRET_KEY=<U> | SCW_SECRET_KEY=<h9>
railway_token | railway | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | RAILWAY_TOKEN=<U> | RAILWAY_TOKEN=<h9>
vercel_legacy_token | vercel | [A-Za-z0-9]{24} | VERCEL_TOKEN=<w24> | VERCEL_TOKEN=<w9>
netlify_legacy_token | netlify | [A-Za-z0-9_-]{43,46} | NETLIFY_AUTH_TOKEN=<b43> | NETLIFY_AUTH_TOKEN=<b9>
fastly_token | fastly | [A-Za-z0-9_-]{32} | FASTLY_API_TOKEN=<b32> | FASTLY_API_TOKEN=<b9>
upstash_token | upstash | [A-Za-z0-9+/=_-]{36,120} | UPSTASH_REDIS_REST_TOKEN=<s60>= | UPSTASH_REDIS_REST_TOKEN=<s9>
algolia_key | algolia | [0-9a-f]{32} | ALGOLIA_ADMIN_KEY=<h32> | ALGOLIA_ADMIN_KEY=<h9>
okta_api_token | okta | 00[A-Za-z0-9_-]{40} | OKTA_API_TOKEN=00<b40> | OKTA_API_TOKEN=<b9>
auth0_secret | auth0 | [A-Za-z0-9_-]{60,70} | AUTH0_CLIENT_SECRET=<b64> | AUTH0_CLIENT_SECRET=<b9>
atlassian_legacy_token | atlassian jira confluence | [A-Za-z0-9]{24} | JIRA_API_TOKEN=<w24> | JIRA_API_TOKEN=<w9>
bitbucket_secret | bitbucket | (?:[A-Za-z0-9]{32}|[A-Za-z0-9_=-]{64}) | BITBUCKET_CLIENT_SECRET=<w32> ; BITBUCKET_CLIENT_SECRET=<b64> | BITBUCKET_CLIENT_SECRET=<w9>
github_legacy_token | github ghtoken | (?:v1\.)?[0-9a-f]{40} | GITHUB_TOKEN=<h40> ; GITHUB_OAUTH_TOKEN=v1.<h40> | GITHUB_TOKEN=<h9> ; "github_sha": "<h40>"
gitea_token | gitea forgejo | [0-9a-f]{40} | GITEA_TOKEN=<h40> | GITEA_TOKEN=<h9>
jenkins_token | jenkins | (?:11[0-9a-f]{32}|[0-9a-f]{32}) | JENKINS_API_TOKEN=11<h32> | JENKINS_API_TOKEN=<h9>
travis_token | travis | [A-Za-z0-9_-]{20,22} | TRAVIS_TOKEN=<b22> | TRAVIS_TOKEN=<b9>
circleci_legacy_token | circleci circletoken | [0-9a-f]{40} | CIRCLE_TOKEN=<h40> ; CIRCLECI_API_TOKEN=<h40> | CIRCLE_TOKEN=<h9>
drone_token | drone | [A-Za-z0-9]{32} | DRONE_TOKEN=<w32> | DRONE_TOKEN=<w9>
codecov_token | codecov | (?:[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|[A-Za-z0-9]{32}) | CODECOV_TOKEN=<U> ; codecov_token: <w32> | CODECOV_TOKEN=<h9>
coveralls_token | coveralls | [A-Za-z0-9]{32,37} | COVERALLS_REPO_TOKEN=<w33> | COVERALLS_REPO_TOKEN=<w9>
expo_token | expo | [A-Za-z0-9_-]{40} | EXPO_TOKEN=<b40> | EXPO_TOKEN=<b9>
sentry_legacy_token | sentry | [0-9a-f]{64} | SENTRY_AUTH_TOKEN=<h64> | SENTRY_AUTH_TOKEN=<h9>
rollbar_token | rollbar | [0-9a-f]{32} | ROLLBAR_ACCESS_TOKEN=<h32> | ROLLBAR_ACCESS_TOKEN=<h9>
bugsnag_key | bugsnag | [0-9a-f]{32} | BUGSNAG_API_KEY=<h32> | BUGSNAG_API_KEY=<h9>
pagerduty_token | pagerduty | [A-Za-z0-9_+-]{20} | PAGERDUTY_TOKEN=u+<w18> ; PAGERDUTY_API_KEY=<w20> | PAGERDUTY_TOKEN=<w9>
opsgenie_key | opsgenie | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | OPSGENIE_API_KEY=<U> | OPSGENIE_API_KEY=<h9>
splunk_token | splunk | [0-9A-Fa-f]{8}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{4}-[0-9A-Fa-f]{12} | SPLUNK_HEC_TOKEN=<U> | SPLUNK_HEC_TOKEN=<h9>
sumologic_key | sumologic sumoaccess | [A-Za-z0-9]{64} | SUMOLOGIC_ACCESSKEY=<w64> | SUMOLOGIC_ACCESSKEY=<w9>
logdna_key | logdna mezmo | [0-9a-f]{32} | LOGDNA_INGESTION_KEY=<h32> | LOGDNA_INGESTION_KEY=<h9>
honeycomb_legacy_key | honeycomb xhoneycombteam | [0-9a-zA-Z]{22,32} | HONEYCOMB_API_KEY=<w22> ; x-honeycomb-team: <h32> | HONEYCOMB_API_KEY=<w9>
amplitude_key | amplitude | [0-9a-f]{32} | AMPLITUDE_SECRET_KEY=<h32> | AMPLITUDE_SECRET_KEY=<h9>
mixpanel_secret | mixpanel | [0-9a-f]{32} | MIXPANEL_API_SECRET=<h32> | MIXPANEL_API_SECRET=<h9>
segment_key | segmentwrite segmentkey segmentapi | [A-Za-z0-9]{32} | SEGMENT_WRITE_KEY=<w32> | SEGMENT_WRITE_KEY=<w9>
postmark_token | postmark | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | POSTMARK_SERVER_TOKEN=<U> ; X-Postmark-Server-Token: <U> | POSTMARK_SERVER_TOKEN=<h9>
mailjet_secret | mailjet mjapikey | [0-9a-f]{32} | MAILJET_SECRET_KEY=<h32> ; MJ_APIKEY_PRIVATE=<h32> | MAILJET_SECRET_KEY=<h9>
sparkpost_key | sparkpost | [0-9a-f]{40} | SPARKPOST_API_KEY=<h40> | SPARKPOST_API_KEY=<h9>
vonage_secret | vonage nexmo | [A-Za-z0-9]{16} | VONAGE_API_SECRET=<w16> ; NEXMO_API_SECRET=<w16> | VONAGE_API_SECRET=<w7>
messagebird_key | messagebird | (?:live_|test_)?[A-Za-z0-9]{25} | MESSAGEBIRD_ACCESS_KEY=<w25> | MESSAGEBIRD_ACCESS_KEY=<w9>
plivo_token | plivo | [A-Za-z0-9]{40} | PLIVO_AUTH_TOKEN=<w40> | PLIVO_AUTH_TOKEN=<w9>
zendesk_token | zendesk | [A-Za-z0-9]{40} | ZENDESK_API_TOKEN=<w40> | ZENDESK_API_TOKEN=<w9>
freshdesk_key | freshdesk | [A-Za-z0-9]{20} | FRESHDESK_API_KEY=<w20> | FRESHDESK_API_KEY=<w9>
spotify_secret | spotify | [0-9a-f]{32} | SPOTIFY_CLIENT_SECRET=<h32> | SPOTIFY_CLIENT_SECRET=<h9>
twitch_secret | twitch | [a-z0-9]{30} | TWITCH_CLIENT_SECRET=<l30> | TWITCH_CLIENT_SECRET=<l9>
twitter_secret | twitter xapisecret xapikey | [A-Za-z0-9-]{25,50} | TWITTER_API_SECRET=<w50> ; TWITTER_API_KEY=<w25> | TWITTER_API_KEY=<w9>
facebook_secret | facebook fbapp metaapp | [0-9a-f]{32} | FACEBOOK_APP_SECRET=<h32> ; FB_APP_SECRET=<h32> | FACEBOOK_APP_SECRET=<h9>
linkedin_secret | linkedin | [A-Za-z0-9]{16} | LINKEDIN_CLIENT_SECRET=<w16> | LINKEDIN_CLIENT_SECRET=<w7>
reddit_secret | reddit | [A-Za-z0-9_-]{27,30} | REDDIT_CLIENT_SECRET=<b27> | REDDIT_CLIENT_SECRET=<b9>
dropbox_secret | dropbox | [a-z0-9]{15} | DROPBOX_APP_SECRET=<l15> | DROPBOX_APP_SECRET=<l7>
box_secret | boxclient boxsecret | [A-Za-z0-9]{32} | BOX_CLIENT_SECRET=<w32> | BOX_CLIENT_SECRET=<w9>
asana_secret | asana | [0-9a-z]{32} | ASANA_CLIENT_SECRET=<l32> | ASANA_CLIENT_SECRET=<l9>
airtable_legacy_key | airtable | key[A-Za-z0-9]{14} | AIRTABLE_API_KEY=key<w14> | AIRTABLE_API_KEY=key<w5>
trello_key | trello | (?:[0-9a-f]{32}|[0-9a-f]{64}) | TRELLO_KEY=<h32> ; TRELLO_TOKEN=<h64> | TRELLO_KEY=<h9>
monday_token | monday | [A-Za-z0-9]{32,64} | MONDAY_API_KEY=<w40> | MONDAY_API_KEY=<w9>
coinbase_secret | coinbase | [A-Za-z0-9_-]{32,64} | COINBASE_API_SECRET=<w32> | COINBASE_API_SECRET=<w9>
binance_secret | binance | [A-Za-z0-9]{64} | BINANCE_SECRET_KEY=<w64> | BINANCE_SECRET_KEY=<w9>
kraken_secret | kraken | [A-Za-z0-9/+]{80,90}={0,2} | KRAKEN_PRIVATE_KEY=<s86>== | KRAKEN_PRIVATE_KEY=<s9>
infura_key | infura | [0-9a-f]{32} | INFURA_API_KEY=<h32> ; INFURA_PROJECT_SECRET=<h32> | INFURA_API_KEY=<h9>
alchemy_key | alchemy | [A-Za-z0-9_-]{32} | ALCHEMY_API_KEY=<b32> | ALCHEMY_API_KEY=<b9>
etherscan_key | etherscan polygonscan bscscan | [A-Z0-9]{34} | ETHERSCAN_API_KEY=<u34> | ETHERSCAN_API_KEY=<u9>
wallet_private_key | privatekey walletkey deployerkey | (?:0x)?[0-9a-f]{64} | PRIVATE_KEY=0x<h64> ; deployer_private_key: "<h64>" | PRIVATE_KEY=0x<h9>
wireguard_key | privatekey presharedkey | [A-Za-z0-9+/]{43}= | PrivateKey = <s43>= ; PresharedKey = <s43>= | PrivateKey = <s9>
plaid_secret | plaid | [0-9a-f]{30} | PLAID_SECRET=<h30> | PLAID_SECRET=<h9>
snyk_legacy_token | snyk | [0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | SNYK_TOKEN=<U> | SNYK_TOKEN=<h9>
kubeadm_token | kubeadm bootstraptoken | [a-z0-9]{6}\.[a-z0-9]{16} | KUBEADM_TOKEN=<l6>.<l16> | KUBEADM_TOKEN=<l6>
telegram_secret | telegram tgapi | [0-9a-f]{32} | TELEGRAM_API_HASH=<h32> | TELEGRAM_API_HASH=<h9>
mapbox_legacy_token | mapbox | [st]k\.[A-Za-z0-9_.-]{60,300} | MAPBOX_SECRET_TOKEN=sk.<w80> | MAPBOX_SECRET_TOKEN=sk.<w9>
grafana_legacy_key | grafana | [A-Za-z0-9+/=_-]{60,200} | GRAFANA_API_KEY=<w80> | GRAFANA_API_KEY=<w9>
ngrok_token | ngrok | [A-Za-z0-9_]{40,64} | NGROK_AUTHTOKEN=<w27>_<w21> | NGROK_AUTHTOKEN=<w9>
launchdarkly_legacy_key | launchdarkly | [A-Za-z0-9_=-]{40} | LAUNCHDARKLY_ACCESS_TOKEN=<b40> | LAUNCHDARKLY_ACCESS_TOKEN=<b9>
confluent_secret | confluent kafka | [A-Za-z0-9+/]{64} | CONFLUENT_CLOUD_API_SECRET=<s64> ; KAFKA_SASL_PASSWORD=<s64> | CONFLUENT_CLOUD_API_SECRET=<s9>
snowflake_secret | snowflake | [A-Za-z0-9!@#%^*_+=-]{10,64} | SNOWFLAKE_PASSWORD=<w20> | SNOWFLAKE_PASSWORD=<w5>
`;

/** What is found by reading rather than by a shape: `scans.ts` and `assignment.ts`. The shape is a dash, `+` in a key a blank. */
export const scannedRules = String.raw`
private_key | -----BEGIN PuTTY-User-Key-File- | - | <pem> ; <pgp> ; <putty> | -----BEGIN CERTIFICATE-----
jwt | eyJ | - | <jwt> ; <jwt3> | eyJ<w40> ; eyJ<w9>.eyJ<w5>.<w5>
url_password | :// | - | postgres://app:<w18>@db.internal:5432/prod ; https://ana:<w12>@example.test/x ; redis://:<w16>@cache:6379 | https://example.test/a:b@c ; postgres://app:$PASSWORD@db/prod ; https://user:password@example.test
bearer_token | bearer | - | Bearer <w40> ; Authorization: Bearer <w28> ; authorization: bearer <b64> | Bearer token ; Bearer <w9> ; bearer-authentication-with-long-words
basic_auth | basic | - | Authorization: Basic <basic> ; authorization: basic <basic> | Basic authentication ; basic understanding
secret_assignment | apikey api_key api-key api+key secret+key access+key token secret password passwd passphrase credential accesskey access_key access-key private_key privatekey private-key auth_key authkey signing_key signingkey encryption_key encryptionkey authorization presharedkey api_hash honeycomb-team _key -key _pass _pwd _auth pwd auth" auth' auth\ auth= auth+= auth: pass" pass' pass\ pass= pass+= pass: pat" pat' pat\ pat= pat+= bearer" bearer' bearer\ bearer= bearer+= | - | DB_PASSWORD=<w20> ; token=<w32> ; password: "<w32>" ; "auth": "<basic>" ; auth=<w32> ; pass: '<w32>' ; "pat":"<w40>" ; bearer="<w32>" ; "apiKey": "<w32>" ; client_secret: '<h40>' ; --token <w40> ; <password><w20></password> | max_tokens=4096 ; password = getPassword() ; "token": "identifier" ; "auth": "required" ; pass: true ; auth: OAuth2Client ; pat=main ; "bearer": "bearerFormat" ; API_KEY=your_api_key_goes_here
curl_password | curl | - | curl -u ana:<w16> https://example.test ; curl -sS -X POST --user "ana:<w12>" https://example.test | curl -u ana https://example.test ; curl -u ana:$PASSWORD https://example.test ; curling -u ana:<w12>
login_password | docker+login podman+login sshpass | - | docker login -u ana -p <w16> registry.example.test ; podman login --username ana -p "<w20>" ; sshpass -p <w12> ssh ana@host | docker login -u ana --password-stdin ; sshpass -e ssh ana@host ; docker login -p $TOKEN
netrc_password | machine | - | machine example.test login ana password <w14> | machine learning password policy
`;
