using System.Text.Json.Nodes;
using Relaybox.Local.Aws;

namespace Relaybox.Local.Template;

/// <summary>What the stack's resources are called on this machine: physical names, URLs and ARNs.</summary>
internal sealed class ResourceNames(MapValue resources, string stackName, Uri sqsEndpoint)
{
    public static string QueueArn(string queueName) => $"arn:aws:sqs:{LocalAws.Region}:{LocalAws.AccountId}:{queueName}";

    public static string FunctionArn(string functionName) => $"arn:aws:lambda:{LocalAws.Region}:{LocalAws.AccountId}:function:{functionName}";

    public static string TableArn(string tableName) => $"arn:aws:dynamodb:{LocalAws.Region}:{LocalAws.AccountId}:table/{tableName}";

    public static string BucketArn(string bucketName) => $"arn:aws:s3:::{bucketName}";

    public string QueueUrl(string queueName) => $"{sqsEndpoint}{LocalAws.AccountId}/{queueName}";

    public JsonNode? Pseudo(string name) => name switch
    {
        "AWS::AccountId" => LocalAws.AccountId,
        "AWS::Partition" => "aws",
        "AWS::Region" => LocalAws.Region,
        "AWS::StackName" => stackName,
        "AWS::StackId" => $"arn:aws:cloudformation:{LocalAws.Region}:{LocalAws.AccountId}:stack/{stackName}/local",
        "AWS::URLSuffix" => "amazonaws.com",
        _ => null,
    };

    public JsonNode? Reference(string logicalId, Evaluator evaluator) => TypeOf(logicalId) switch
    {
        null => null,
        "AWS::SQS::Queue" => QueueUrl(Name(logicalId, evaluator)),
        _ => Name(logicalId, evaluator),
    };

    public string? Attribute(string logicalId, string attribute, Evaluator evaluator) => (TypeOf(logicalId), attribute) switch
    {
        (null, _) => null,
        ("AWS::SQS::Queue", "Arn") => QueueArn(Name(logicalId, evaluator)),
        ("AWS::SQS::Queue", "QueueName") => Name(logicalId, evaluator),
        ("AWS::SQS::Queue", "QueueUrl") => QueueUrl(Name(logicalId, evaluator)),
        ("AWS::S3::Bucket", "Arn") => BucketArn(Name(logicalId, evaluator)),
        ("AWS::DynamoDB::Table", "Arn") => TableArn(Name(logicalId, evaluator)),
        ("AWS::DynamoDB::Table", "StreamArn") => $"{TableArn(Name(logicalId, evaluator))}/stream/latest",
        ("AWS::Serverless::Function", "Arn") => FunctionArn(Name(logicalId, evaluator)),
        // Roles, keys, log groups: nothing here looks inside, so a name that can be recognised will do.
        (var type, "Arn") => $"arn:aws:{type.Split("::")[1].ToLowerInvariant()}:{LocalAws.Region}:{LocalAws.AccountId}:{logicalId}",
        _ => null,
    };

    /// <summary>The name that the template gives, or the stack's name with the logical id.</summary>
    public string Name(string logicalId, Evaluator evaluator)
    {
        var resource = resources[logicalId]!.AsMap(logicalId);
        var property = TypeOf(logicalId) switch
        {
            "AWS::DynamoDB::Table" => "TableName",
            "AWS::SQS::Queue" => "QueueName",
            "AWS::Serverless::Function" => "FunctionName",
            "AWS::S3::Bucket" => "BucketName",
            _ => null,
        };
        var properties = resource.Section("Properties");
        if (property is not null && properties[property] is { } given && evaluator.Evaluate(given) is JsonValue name)
        {
            return name.GetValue<string>();
        }

        if (TypeOf(logicalId) == "AWS::S3::Bucket")
        {
            // Names of buckets have no capitals.
            return $"{stackName}-{logicalId}".ToLowerInvariant();
        }

        var isFifo = evaluator.Evaluate(properties["FifoQueue"]) is JsonValue fifo && fifo.GetValue<string>() == "true";
        return $"{stackName}-{logicalId}{(isFifo ? ".fifo" : "")}";
    }

    private string? TypeOf(string logicalId) => (resources[logicalId] as MapValue)?["Type"]?.AsText("Type");
}
