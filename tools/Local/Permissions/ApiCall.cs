using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Relaybox.Local.Template;

namespace Relaybox.Local.Permissions;

/// <summary>
/// A call of DynamoDB, DynamoDB Streams, SQS or S3, and the permissions that it needs by the Service Authorization Reference: a
/// transaction needs those of its parts, a PartiQL statement that of its verb, a batch of SQS that of one message.
/// </summary>
/// <param name="Target">The header X-Amz-Target; for S3 <c>S3.</c> and the operation.</param>
/// <param name="Body">What is asked; for S3 the bucket and the key.</param>
public sealed partial record ApiCall(string Target, JsonObject Body)
{
    /// <summary>A call of S3, whose operations are methods and paths: <c>/bucket/key</c>.</summary>
    /// <param name="method">The method.</param>
    /// <param name="path">The path.</param>
    public static ApiCall OfS3(string method, string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        var parts = path.TrimStart('/').Split('/', 2);
        var key = parts.Length > 1 ? parts[1] : "";
        return new ApiCall(
            $"S3.{(key.Length == 0 ? "ListBucket" : method == "PUT" ? "PutObject" : method == "GET" ? "GetObject" : $"{method}Object")}",
            new JsonObject { ["Bucket"] = parts[0], ["Key"] = key });
    }

    /// <summary>The operation's name.</summary>
    public string Operation => Target[(Target.IndexOf('.', StringComparison.Ordinal) + 1)..];

    /// <summary>What the call needs; never nothing.</summary>
    public IReadOnlyList<Permission> Needs() => [.. Parts().Distinct()];

    private IEnumerable<Permission> Parts() => Target.Split('.')[0] switch
    {
        "AmazonSQS" => [new Permission($"sqs:{SqsAction(Operation)}", ResourceNames.QueueArn(Text(Body, "QueueUrl").Split('/')[^1]))],
        "S3" => [new Permission($"s3:{Operation}", ResourceNames.BucketArn($"{Text(Body, "Bucket")}/{Text(Body, "Key")}".TrimEnd('/')))],
        "DynamoDBStreams_20120810" => [new Permission($"dynamodb:{Operation}", StreamArn())],
        _ => DynamoDb(),
    };

    private IEnumerable<Permission> DynamoDb() => Operation switch
    {
        "TransactWriteItems" =>
            from item in Body.List("TransactItems")
            from part in item!.AsObject()
            select On(
                part.Key switch { "Put" => "PutItem", "Update" => "UpdateItem", "Delete" => "DeleteItem", _ => "ConditionCheckItem" },
                part.Value!.AsObject()),
        "TransactGetItems" => Body.List("TransactItems").Select(item => On("GetItem", item!.AsObject().Map("Get"))),
        "BatchExecuteStatement" => Body.List("Statements").Select(statement => Statement(Text(statement!.AsObject(), "Statement"))),
        "ExecuteTransaction" => Body.List("TransactStatements").Select(statement => Statement(Text(statement!.AsObject(), "Statement"))),
        "ExecuteStatement" => [Statement(Text(Body, "Statement"))],
        "BatchGetItem" or "BatchWriteItem" => Body.Map("RequestItems").Select(table => Table(Operation, table.Key, null)),
        _ => [On(Operation, Body)],
    };

    private string StreamArn()
    {
        // An iterator names its stream; the emulator's region is its own, and its streams are known by their time.
        var table = TableOfStream().Match(Body.Text("StreamArn") ?? Body.Text("ShardIterator") ?? "");
        return table.Success ? $"{ResourceNames.TableArn(table.Groups[1].Value)}/stream/latest" : "*";
    }

    private static Permission On(string action, JsonObject call) => Table(action, Text(call, "TableName"), call.Text("IndexName"));

    private static Permission Statement(string text)
    {
        var match = PartiQl().Match(text);
        var verb = match.Groups["verb"].Value.ToUpperInvariant();
        return Table(
            verb switch { "UPDATE" => "PartiQLUpdate", "INSERT" => "PartiQLInsert", "DELETE" => "PartiQLDelete", _ => "PartiQLSelect" },
            match.Groups["table"].Value,
            match.Groups["index"] is { Success: true } index ? index.Value : null);
    }

    private static Permission Table(string action, string table, string? index) =>
        new($"dynamodb:{action}", index is null ? ResourceNames.TableArn(table) : $"{ResourceNames.TableArn(table)}/index/{index}");

    private static string SqsAction(string operation) => operation switch
    {
        "SendMessageBatch" => "SendMessage",
        "DeleteMessageBatch" => "DeleteMessage",
        "ChangeMessageVisibilityBatch" => "ChangeMessageVisibility",
        _ => operation,
    };

    private static string Text(JsonObject body, string name) => body.Text(name) ?? "";

    [GeneratedRegex("table/([^/|]+)/stream/")]
    private static partial Regex TableOfStream();

    [GeneratedRegex(
        """^\s*(?<verb>UPDATE|DELETE|INSERT|SELECT)\b.*?"(?<table>[^"]+)"(\."(?<index>[^"]+)")?""",
        RegexOptions.IgnoreCase | RegexOptions.Singleline)]
    private static partial Regex PartiQl();
}
