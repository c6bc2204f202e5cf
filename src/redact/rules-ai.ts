/** Tokens of model providers and of what stands around them: name | keys | shape | yes | no. See `rule.ts`. */
export const aiRules = String.raw`
anthropic_key | sk-ant-api sk-ant-admin sk-ant-oat sk-ant-ort sk-ant-sid sk-ant- | sk-ant-[A-Za-z0-9_-]{20,200} | sk-ant-api03-<b93>AA ; sk-ant-oat01-<b93>AA ; sk-ant-admin01-<b93>AA | sk-ant-api03-<b5> ; sk-ant-xxxxxxxxxxxxxxxxxxxxxxxx
deepseek_key | sk- | sk-[0-9a-f]{32} | sk-<h32> | sk-<h12>
openai_key | sk-proj- sk-svcacct- sk-admin- sk-None- | sk-(?:proj|svcacct|admin|None)-[A-Za-z0-9_-]{20,200} | sk-proj-<w48> ; sk-proj-<w20>_<w20>-<w40> ; sk-svcacct-<b74>T3BlbkFJ<b74> ; sk-admin-<b120> | sk-proj-<w6> ; sk-project-name-of-a-folder
openai_key | sk- | sk-(?=[A-Za-z-]{0,47}[0-9])[A-Za-z0-9]{20,200} | sk-<w20>T3BlbkFJ<w20>7 ; sk-<w47>1 | sk-learn-model ; sk-abcdefghijklmnopqrstuvwxyz | mixed
openai_session | sess- | sess-[A-Za-z0-9]{40} | sess-<w40> | sess-<w12> ; sess-manager-of-something-very-long-with-words-in-it | floor=3
hf_token | hf_ | hf_[A-Za-z0-9]{30,100} | hf_<w34> ; hf_<a34> | hf_<w12> ; hf_hub_download_with_a_very_long_name_here
hf_org_token | api_org_ | api_org_[A-Za-z0-9]{30,100} | api_org_<w34> | api_org_<w8>
openrouter_key | sk-or-v1- sk-or- | sk-or-(?:v\d-)?[0-9a-f]{40,64} | sk-or-v1-<h64> | sk-or-v1-<h20> ; sk-or-something-else
groq_key | gsk_ | gsk_[A-Za-z0-9]{40,60} | gsk_<w52> | gsk_<w20>
replicate_token | r8_ | r8_[A-Za-z0-9]{37,40} | r8_<w37> | r8_<w12>
perplexity_key | pplx- | pplx-[A-Za-z0-9]{40,64} | pplx-<w48> | pplx-<w12> ; pplx-online-with-70b-parameters-and-a-long-name-of-it
xai_key | xai- | xai-[A-Za-z0-9]{70,90} | xai-<w80> | xai-<w20>
nvidia_key | nvapi- | nvapi-[A-Za-z0-9_-]{60,70} | nvapi-<b64> | nvapi-<b20>
cerebras_key | csk- | csk-[a-z0-9]{40,60} | csk-<l48> | csk-<l12>
together_key | tgp_v1_ | tgp_v1_[A-Za-z0-9_-]{40,60} | tgp_v1_<b43> | tgp_v1_<b12>
fireworks_key | fw_ | fw_[A-Za-z0-9]{22,24} | fw_<w24> ; fw_<w22> | fw_<w8> ; fw_update_the_firmware | floor=3
elevenlabs_key | sk_ | sk_[0-9a-f]{48} | sk_<h48> | sk_<h20>
langsmith_key | lsv2_pt_ lsv2_sk_ lsv2_ | lsv2_(?:pt|sk)_[0-9a-f]{32}_[0-9a-f]{10} | lsv2_pt_<h32>_<h10> ; lsv2_sk_<h32>_<h10> | lsv2_pt_<h12>
langfuse_secret | sk-lf- | sk-lf-[0-9a-f-]{36} | sk-lf-<U> | sk-lf-<h8> ; pk-lf-<U>
wandb_key | wandb_v1_ | wandb_v1_[A-Za-z0-9_]{40,120} | wandb_v1_<w77> | wandb_v1_<w9>
pinecone_key | pcsk_ | pcsk_[A-Za-z0-9]{5,6}_[A-Za-z0-9]{50,70} | pcsk_<w5>_<w63> | pcsk_<w5>_<w12>
voyage_key | pa- | pa-[A-Za-z0-9_-]{43,60} | pa-<b43> | pa-<b12> ; pa-this-is-a-long-branch-name-with-many-words-in-it-today | mixed
jina_key | jina_ | jina_[A-Za-z0-9_-]{50,80} | jina_<h32><b28> | jina_<w12>
tavily_key | tvly- | tvly-(?:dev-|prod-)?[A-Za-z0-9_-]{28,60} | tvly-<w32> ; tvly-dev-<b32> | tvly-<w8>
firecrawl_key | fc- | fc-[0-9a-f]{32} | fc-<h32> | fc-<h12>
e2b_key | e2b_ | e2b_[0-9a-f]{40} | e2b_<h40> | e2b_<h12>
runpod_key | rpa_ | rpa_[A-Z0-9]{40,50} | rpa_<u42> | rpa_<u12>
helicone_key | sk-helicone- pk-helicone- | [sp]k-helicone-(?:proxy-|eu-|cp-)?[a-z0-9-]{24,50} | sk-helicone-<l7>-<l7>-<l7>-<l7> | sk-helicone-<l5>
mem0_key | m0- | m0-[A-Za-z0-9]{40} | m0-<w40> | m0-<w12>
llamacloud_key | llx- | llx-[A-Za-z0-9]{40,60} | llx-<w48> | llx-<w12>
cursor_key | crsr_ | crsr_[0-9a-f]{64} | crsr_<h64> | crsr_<h12>
letta_key | sk-let- | sk-let-[A-Za-z0-9+/=]{40,130} | sk-let-<s80> | sk-let-<w12> ; sk-let-me-see | base64
modal_token | ak- as- | a[ks]-[A-Za-z0-9]{22} | ak-<w22> ; as-<w22> | as-<w8> ; as-longasthisgoeson | mixed
friendli_token | flp_ | flp_[A-Za-z0-9]{40,60} | flp_<w46> | flp_<w12>
vercel_ai_key | vck_ | vck_[A-Za-z0-9]{24,80} | vck_<w56> | vck_<w9>
apify_token | apify_api_ apify_proxy_ | apify_(?:api|proxy)_[A-Za-z0-9]{32,40} | apify_api_<w36> | apify_api_<w9>
browserbase_key | bb_live_ bb_test_ | bb_(?:live|test)_[A-Za-z0-9_-]{20,40} | bb_live_<b27> | bb_live_<w5>
`;
