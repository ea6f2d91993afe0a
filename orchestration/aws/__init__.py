"""boto3 adapters, one file a service. Local mode uses the same ones against its own wire.

clients.py    sessions, clients, and every botocore error as one of the port errors
codec.py      Python values as DynamoDB attribute values and back
builds.py     Builds (DynamoDB)         audit.py     Audit (DynamoDB)
state.py      Claims, Waits, Conversations, Watches (DynamoDB with TTL)
pipeline.py   Pipeline (Step Functions and the jobs)        endpoints.py  Endpoints (SageMaker)
datasets.py   Datasets (S3 and DynamoDB)                    parameters.py Settings (SSM)
notices.py    Notices (SNS)                         people.py     People (DynamoDB)
messages.py   LiveMessages (DynamoDB)              queues.py    WorkQueue (SQS FIFO)
light.py      SQS and Secrets Manager without boto3, for an acknowledging Lambda; sigv4.py signs
"""
