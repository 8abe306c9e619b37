"""Who is asking, what they may do, and how one service tells another.

A person's session exists at the gateway only. Behind it travels an *internal token*: a signed note,
60 s long, for one receiving service, that names the principal with its permissions and projects.

==================  ==============================================================================
``permissions``     the permissions, the roles, and which role holds which
``principal``       Principal: a person or a service, with what it may do and see
``internal_token``  TokenSigner and TokenVerifier (Ed25519)
``keys``            a new key pair for a service
==================  ==============================================================================
"""
