/** Tokens of code hosts, build services and package registries: name | keys | shape | yes | no. See `rule.ts`. */
export const codeRules = String.raw`
github_token | ghp_ gho_ ghu_ ghs_ ghr_ | gh[pousr]_[A-Za-z0-9]{30,255} | ghp_<w36> ; gho_<w36> ; ghu_<w36> ; ghs_<w36> ; ghr_<w76> | ghp_<w12> ; ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx
github_pat | github_pat_ | github_pat_[A-Za-z0-9_]{60,120} | github_pat_<w22>_<w59> | github_pat_<w12>
gitlab_token | glpat- | glpat-(?:[A-Za-z0-9_-]{20,300}\.[0-9a-z]{2}\.[0-9a-z]{9}|[A-Za-z0-9_-]{20,300}) | glpat-<b20> ; glpat-<b27>.01.<l9> | glpat-<b5> ; glpat-xxxxxxxxxxxxxxxxxxxx
gitlab_trigger_token | glptt- | glptt-[0-9a-f]{40} | glptt-<h40> | glptt-<h5>
gitlab_deploy_token | gldt- | gldt-[A-Za-z0-9_-]{20,60} | gldt-<b20> | gldt-<b5>
gitlab_runner_token | glrt- glrtr- GR1348941 | (?:glrtr?-(?:t\d_)?|GR1348941)[A-Za-z0-9_.-]{20,60} | glrt-<b20> ; glrt-t1_<b20> ; glrtr-<b20> ; GR1348941<b20> | glrt-<b5>
gitlab_ci_token | glcbt- | glcbt-[A-Za-z0-9_-]{20,66} | glcbt-64_<b20> | glcbt-<b5>
gitlab_feed_token | glft- | glft-[A-Za-z0-9_-]{20,60} | glft-<b20> | glft-<b5>
gitlab_mail_token | glimt- | glimt-[A-Za-z0-9_-]{25,60} | glimt-<b25> | glimt-<b5>
gitlab_agent_token | glagent- | glagent-[A-Za-z0-9_-]{50,120} | glagent-<b50> | glagent-<b5>
gitlab_scim_token | glsoat- | glsoat-[A-Za-z0-9_-]{20,60} | glsoat-<b20> | glsoat-<b5>
gitlab_oauth_secret | gloas- | gloas-[0-9a-f]{64} | gloas-<h64> | gloas-<h5>
gitlab_workspace_token | glwt- | glwt-[A-Za-z0-9_-]{20,60} | glwt-<b20> | glwt-<b5>
bitbucket_datacenter_token | BBDC- | BBDC-[A-Za-z0-9+/@_-]{40,50} | BBDC-<w44> | BBDC-<w9> | base64
octopus_api_key | API- | API-[A-Z0-9]{25,32} | API-<u26> | API-<u9> ; API-REFERENCES | mixed
harness_token | pat. sat. | (?:pat|sat)\.[A-Za-z0-9_-]{22}\.[0-9a-f]{24}\.[A-Za-z0-9]{20} | pat.<b22>.<h24>.<w20> ; sat.<b22>.<h24>.<w20> | pat.<b9>
infracost_key | ico- | ico-[A-Za-z0-9]{32} | ico-<w32> | ico-<w9>
scalingo_token | tk-us- tk-eu- | tk-(?:us|eu)-[A-Za-z0-9_-]{48} | tk-us-<b48> | tk-us-<b9>
gitlab_flags_token | glffct- | glffct-[A-Za-z0-9_-]{20,60} | glffct-<b20> | glffct-<b5>
gitlab_session | _gitlab_session= | _gitlab_session=[0-9a-z]{32} | _gitlab_session=<h32> | _gitlab_session=<h5>
bitbucket_app_password | ATBB | ATBB[A-Za-z0-9]{32} | ATBB<w32> | ATBB<w9>
bitbucket_token | ATCTT3xFfG | ATCTT3xFfG[A-Za-z0-9_=-]{100,300} | ATCTT3xFfGN0<b170>=<u8> | ATCTT3xFfG<b9>
atlassian_token | ATATT3xFfG | ATATT3xFfG[A-Za-z0-9_=-]{100,300} | ATATT3xFfGF0<b170>=<u8> | ATATT3xFfG<b9>
sourcegraph_token | sgp_ slk_ sgd_ | (?:sgp_[0-9a-f]{16}_[0-9a-f]{40}|sgp_(?:local_)?[0-9a-f]{40}|slk_[0-9a-f]{64}|sgd_[0-9a-f]{64}) | sgp_<h16>_<h40> ; sgp_<h40> ; slk_<h64> | sgp_<h9>
circleci_token | CCIPAT_ CCIPRJ_ | CCIP(?:AT|RJ)_[A-Za-z0-9]{20,24}_[0-9a-f]{40} | CCIPAT_<w22>_<h40> ; CCIPRJ_<w22>_<h40> | CCIPAT_<w9>
buildkite_token | bkua_ bkaj_ bkat_ bkct_ bkpt_ | bk(?:ua|aj|at|ct|pt)_[A-Za-z0-9]{40,64} | bkua_<h40> ; bkct_<w40> | bkua_<h9>
snyk_token | snyk_uat. snyk_sat. | snyk_[us]at\.[0-9a-f]{8}\.[A-Za-z0-9_.-]{50,200} | snyk_uat.<h8>.<b90> | snyk_uat.<h8>
sonar_token | squ_ sqp_ sqa_ sqb_ | sq[uapb]_[0-9a-f]{40} | squ_<h40> ; sqp_<h40> ; sqa_<h40> | squ_<h9>
teamcity_token | eyJ0eXAiOiAiVENWMiJ9. | eyJ0eXAiOiAiVENWMiJ9\.[A-Za-z0-9_-]{36}\.[A-Za-z0-9_-]{48} | eyJ0eXAiOiAiVENWMiJ9.<b36>.<b48> | eyJ0eXAiOiAiVENWMiJ9.<b5>
npm_token | npm_ | npm_[A-Za-z0-9]{36} | npm_<w36> | npm_<w9> ; npm_config_registry
npm_auth_token | _authToken= | _authToken=(?:[0-9a-f]{8}-[0-9a-f-]{27}|[A-Za-z0-9+/=_.-]{20,300}) | //registry.example.test/:_authToken=<U> ; _authToken=<b40> | _authToken=<h8> ; _authToken=\${NPM_TOKEN} | base64
npm_auth | _auth= | _auth=[A-Za-z0-9+/]{12,300}={0,2} | _auth=<s40>== | _auth=<w5> | base64
pypi_token | pypi-AgE | pypi-AgE(?:IcHlwaS5vcmc|NdGVzdC5weXBpLm9yZw)[A-Za-z0-9_-]{50,1000} | pypi-AgEIcHlwaS5vcmc<b120> ; pypi-AgENdGVzdC5weXBpLm9yZw<b120> | pypi-AgEIcHlwaS5vcmc<b9>
rubygems_key | rubygems_ | rubygems_[0-9a-f]{48} | rubygems_<h48> | rubygems_<h9>
nuget_key | oy2 | oy2[a-z0-9]{43} | oy2<l43> | oy2<l9> | mixed
crates_token | cio | cio[A-Za-z0-9]{32}(?![A-Za-z0-9]) | cio<w32> | cio<w9> | mixed
clojars_token | CLOJARS_ | CLOJARS_[a-z0-9]{60} | CLOJARS_<l60> | CLOJARS_<l9>
packagist_token | packagist_ | packagist_(?:uut|out|ack|acs|ors)_[0-9a-f]{60,84} | packagist_uut_<h68> ; packagist_ack_<h68> | packagist_uut_<h9>
deno_token | ddp_ ddo_ ddw_ | dd[opw]_[A-Za-z0-9]{36} | ddp_<w36> ; ddw_<w36> | ddp_<w9>
anaconda_token | an- | an-[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12} | an-<U> | an-<h8>
endor_key | endr+ | endr\+[A-Za-z0-9-]{16} | endr+<w16> | endr+<w4>
stackhawk_key | hawk. | hawk\.[A-Za-z0-9_-]{20}\.[A-Za-z0-9_-]{20} | hawk.<b20>.<b20> | hawk.<b5>.<b5>
gitguardian_token | ggtt_ | ggtt_[A-Za-z0-9]{36,80} | ggtt_<w60> | ggtt_<w9>
depot_token | depot_org_ depot_project_ depot_user_ | depot_(?:org|project|user)_[0-9a-f]{64} | depot_org_<h64> ; depot_project_<h64> | depot_org_<h9>
gitpod_token | gitpod_pat_ | gitpod_pat_(?:[A-Za-z0-9_-]{20,60}\.[A-Za-z0-9_-]{20,60}|[A-Za-z0-9_-]{20,60}) | gitpod_pat_<b27>.<b32> | gitpod_pat_<b5>
pub_token | jsrd_ jsrp_ jsr_ | jsr[dp]?_[A-Za-z0-9]{30,60} | jsrd_<w40> | jsrd_<w9>
`;
