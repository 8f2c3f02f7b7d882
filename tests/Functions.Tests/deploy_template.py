"""Creates, updates and deletes the stack of template.yaml in moto's CloudFormation, once for each line of parameters on stdin.

Every reference, attribute and condition of what is created has to resolve: moto raises where one does not. Of
resource types that moto lacks the properties are resolved, and nothing else.
Usage: deploy_template.py template.yaml < combinations   (one JSON object of parameters a line)
"""

import copy
import json
import os
import sys

os.environ.update(AWS_ACCESS_KEY_ID="test", AWS_SECRET_ACCESS_KEY="test", AWS_DEFAULT_REGION="eu-central-1", AWS_REGION="eu-central-1")
os.environ.update(AWS_IGNORE_CONFIGURED_ENDPOINT_URLS="true")  # other tests of the process that starts this have emulators

try:
    import boto3
    from moto import mock_aws
    from moto.cloudformation import parsing
    from moto.core.common_models import CloudFormationModel
    from samtranslator.parser.parser import Parser
    from samtranslator.translator.translator import Translator
    from samtranslator.yaml_helper import yaml_parse
except ImportError as missing:
    print(f"skip: {missing}")
    sys.exit(0)


_clean_json = parsing.clean_json


def clean_json(value, resources_map):
    """As moto's, but as CloudFormation does: a number is a key of a map by its text, and AWS::NoValue leaves an item of a list out."""
    if isinstance(value, dict) and "Fn::FindInMap" in value:
        value = {"Fn::FindInMap": [str(_clean_json(part, resources_map)) for part in value["Fn::FindInMap"]]}
    cleaned = _clean_json(value, resources_map)
    return [item for item in cleaned if item is not None] if isinstance(cleaned, list) else cleaned


_update_resource = parsing.parse_and_update_resource


def update_resource(logical_id, resource, resources_map, **more):
    """As moto's, but what a condition leaves out stays out, and what moto cannot change stays as it is."""
    condition = resource.get("Condition")
    if condition and not resources_map.lazy_condition_map[condition]:
        return None
    return _update_resource(logical_id, resource, resources_map, **more) or resources_map[logical_id]


parsing.clean_json = clean_json
parsing.parse_and_update_resource = update_resource


class Unknown(CloudFormationModel):
    """A resource of a type that moto lacks: it has a name and an ARN."""

    __module__ = "moto.cloudformation.unknown"

    def __init__(self, name):
        self.physical_resource_id = name

    @staticmethod
    def cloudformation_name_type():
        return ""

    @staticmethod
    def cloudformation_type():
        return ""

    @classmethod
    def has_cfn_attr(cls, attr):
        return attr == "Arn"

    def get_cfn_attribute(self, attribute_name):
        return f"arn:aws:any:eu-central-1:123456789012:{self.physical_resource_id}"

    @classmethod
    def create_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name, **kwargs):
        return cls(resource_name)

    @classmethod
    def update_from_cloudformation_json(cls, original_resource, new_resource_name, cloudformation_json, account_id, region_name):
        return original_resource

    @classmethod
    def delete_from_cloudformation_json(cls, resource_name, cloudformation_json, account_id, region_name):
        pass


def translate(template, parameters):
    document = copy.deepcopy(template)
    document["Globals"]["Function"]["CodeUri"] = "s3://code/functions.zip"
    return Translator({}, Parser(), boto_session=boto3.Session()).translate(document, parameters)


def resources(cloudformation):
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="relaybox")
    return {resource["LogicalResourceId"] for page in pages for resource in page["StackResourceSummaries"]}


def deploy(template, parameters):
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
    changed = given + [{"ParameterKey": "LogLevel", "ParameterValue": "Debug"}]
    with mock_aws():
        boto3.client("s3").create_bucket(Bucket="code", CreateBucketConfiguration={"LocationConstraint": "eu-central-1"})
        boto3.client("s3").put_object(Bucket="code", Key="functions.zip", Body=b"PK\x05\x06" + bytes(18))
        values = {name: parameter["Default"] for name, parameter in template["Parameters"].items()} | parameters
        translated = translate(template, values)
        for resource in translated["Resources"].values():
            parsing.get_model_map().setdefault(resource["Type"], Unknown)
            if resource.get("DeletionPolicy") == "RetainExceptOnCreate":
                resource["DeletionPolicy"] = "Retain"  # moto knows the older value alone
        body = json.dumps(translated)
        cloudformation = boto3.client("cloudformation")
        arguments = {"StackName": "relaybox", "TemplateBody": body, "Capabilities": ["CAPABILITY_IAM"]}
        cloudformation.create_stack(Parameters=given, **arguments)
        stack = cloudformation.describe_stacks(StackName="relaybox")["Stacks"][0]
        assert stack["StackStatus"] == "CREATE_COMPLETE", stack
        for output in stack["Outputs"]:
            assert output["OutputValue"], output
        created = resources(cloudformation)
        cloudformation.update_stack(Parameters=changed, **arguments)
        stack = cloudformation.describe_stacks(StackName="relaybox")["Stacks"][0]
        assert stack["StackStatus"] == "UPDATE_COMPLETE", stack
        assert resources(cloudformation) == created, sorted(resources(cloudformation) ^ created)
        cloudformation.delete_stack(StackName="relaybox")
        left = cloudformation.list_stacks(StackStatusFilter=["DELETE_COMPLETE"])["StackSummaries"]
        assert [entry["StackName"] for entry in left] == ["relaybox"], left
        return {"created": sorted(created), "outputs": sorted(output["OutputKey"] for output in stack["Outputs"])}


def main():
    with open(sys.argv[1], encoding="utf-8") as file:
        template = yaml_parse(file.read())
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(deploy(template, json.loads(line))), flush=True)


main()
