using System.Text.Json.Nodes;
using Relaybox.Local.Permissions;

namespace Relaybox.Local.Tests.Permissions;

/// <summary>Which permissions a call needs, by AWS's Service Authorization Reference.</summary>
public sealed class ApiCallTests
{
    private const string Tables = "arn:aws:dynamodb:eu-central-2:000000000000:table";

    [Theory]
    [InlineData("DynamoDB_20120810.GetItem", """{"TableName":"A"}""", "dynamodb:GetItem on {0}/A")]
    [InlineData("DynamoDB_20120810.Query", """{"TableName":"A","IndexName":"I"}""", "dynamodb:Query on {0}/A/index/I")]
    [InlineData("DynamoDB_20120810.Scan", """{"TableName":"A"}""", "dynamodb:Scan on {0}/A")]
    [InlineData("DynamoDB_20120810.BatchWriteItem", """{"RequestItems":{"A":[],"B":[]}}""",
        "dynamodb:BatchWriteItem on {0}/A, dynamodb:BatchWriteItem on {0}/B")]
    [InlineData(
        "DynamoDB_20120810.TransactWriteItems",
        """{"TransactItems":[{"Update":{"TableName":"A"}},{"Put":{"TableName":"B"}},{"Delete":{"TableName":"A"}},"""
        + """{"ConditionCheck":{"TableName":"A"}},{"Put":{"TableName":"B"}}]}""",
        "dynamodb:UpdateItem on {0}/A, dynamodb:PutItem on {0}/B, dynamodb:DeleteItem on {0}/A, dynamodb:ConditionCheckItem on {0}/A")]
    [InlineData(
        "DynamoDB_20120810.BatchExecuteStatement",
        """{"Statements":[{"Statement":"UPDATE \"A\"\nSET x = 1 WHERE k = ?"},{"Statement":"delete from \"B\" where k = ?"},"""
        + """{"Statement":"SELECT * FROM \"A\".\"I\""},{"Statement":"INSERT INTO \"A\" VALUE {'k':1}"}]}""",
        "dynamodb:PartiQLUpdate on {0}/A, dynamodb:PartiQLDelete on {0}/B, dynamodb:PartiQLSelect on {0}/A/index/I, dynamodb:PartiQLInsert on {0}/A")]
    [InlineData(
        "DynamoDBStreams_20120810.GetRecords",
        """{"ShardIterator":"000|arn:aws:dynamodb:ddblocal:000000000000:table/A/stream/2026-01-01T00:00:00.000|xyz"}""",
        "dynamodb:GetRecords on {0}/A/stream/latest")]
    [InlineData(
        "AmazonSQS.SendMessageBatch",
        """{"QueueUrl":"http://127.0.0.1:1/000000000000/Q"}""",
        "sqs:SendMessage on arn:aws:sqs:eu-central-2:000000000000:Q")]
    [InlineData(
        "AmazonSQS.ChangeMessageVisibilityBatch",
        """{"QueueUrl":"http://127.0.0.1:1/000000000000/Q"}""",
        "sqs:ChangeMessageVisibility on arn:aws:sqs:eu-central-2:000000000000:Q")]
    [InlineData(
        "AmazonSQS.PurgeQueue", """{"QueueUrl":"http://127.0.0.1:1/000000000000/Q"}""", "sqs:PurgeQueue on arn:aws:sqs:eu-central-2:000000000000:Q")]
    public void A_call_needs_what_its_parts_need(string target, string body, string needs) => Assert.Equal(
        needs.Replace("{0}", Tables, StringComparison.Ordinal),
        string.Join(", ", new ApiCall(target, JsonNode.Parse(body)!.AsObject()).Needs()));

    [Theory]
    [InlineData("PUT", "/b/payloads/1", "s3:PutObject on arn:aws:s3:::b/payloads/1")]
    [InlineData("GET", "/b/payloads/1", "s3:GetObject on arn:aws:s3:::b/payloads/1")]
    [InlineData("DELETE", "/b/payloads/1", "s3:DELETEObject on arn:aws:s3:::b/payloads/1")]
    [InlineData("HEAD", "/b", "s3:ListBucket on arn:aws:s3:::b")]
    [InlineData("GET", "/b/", "s3:ListBucket on arn:aws:s3:::b")]
    public void A_call_of_S3_needs_what_its_method_does(string method, string path, string needs) =>
        Assert.Equal(needs, Assert.Single(ApiCall.OfS3(method, path).Needs()).ToString());

    [Theory]
    [InlineData("sqs:SendMessage", "arn:q", "sqs:SendMessage", "arn:q", true)]
    [InlineData("sqs:SendMessage", "arn:q", "sqs:SendMessage", "arn:queue", false)]
    [InlineData("sqs:SendMessage", "arn:q", "sqs:DeleteMessage", "arn:q", false)]
    [InlineData("dynamodb:ListStreams", "arn:t/stream/*", "dynamodb:ListStreams", "arn:t/stream/latest", true)]
    [InlineData("dynamodb:ListStreams", "arn:t/stream/*", "dynamodb:ListStreams", "arn:t/index/I", false)]
    [InlineData("dynamodb:Query", "arn:t", "dynamodb:Query", "arn:t/index/I", false)]
    public void A_role_covers_its_own_actions_on_its_own_resources(
        string action, string resource, string calledAction, string calledResource, bool covers) =>
        Assert.Equal(covers, new Permission(action, resource).Covers(new Permission(calledAction, calledResource)));
}
