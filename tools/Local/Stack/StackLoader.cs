using System.Text.Json.Nodes;
using Relaybox.Local.Permissions;
using Relaybox.Local.Template;

namespace Relaybox.Local.Stack;

/// <summary>Makes the stack of a template: globals merged, conditions decided, every value evaluated.</summary>
internal sealed class StackLoader
{
    private const int DefaultTimeoutSeconds = 3;
    private const int DefaultMemorySize = 128;
    private const int DefaultAsyncRetries = 2;
    private const int DefaultAsyncAgeSeconds = 21_600;

    private static readonly string[] QueueAttributes =
    [
        "ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit", "MaximumMessageSize",
        "MessageRetentionPeriod", "ReceiveMessageWaitTimeSeconds", "VisibilityTimeout",
    ];

    private readonly MapValue _resources;
    private readonly Evaluator _evaluator;
    private readonly ResourceNames _names;
    private readonly JsonObject _functionGlobals;
    private readonly RoleReader _roles;
    private readonly List<string> _notes = [];

    private StackLoader(MapValue template, StackOptions options)
    {
        _resources = PropertyOverrides.Apply(template.Section("Resources"), options.Properties);
        _names = new ResourceNames(_resources, options.StackName, options.SqsEndpoint);
        _evaluator = new Evaluator(template, ParameterValues.Resolve(template, options.Parameters), _names);
        _roles = new RoleReader(_resources, _evaluator);
        _functionGlobals = _evaluator.Evaluate(template.Section("Globals")["Function"]) as JsonObject ?? [];
    }

    /// <exception cref="TemplateException">The template says something that cannot be followed; with its line.</exception>
    public static StackDefinition Load(string yaml, StackOptions options)
    {
        var loader = new StackLoader(TemplateReader.Read(yaml), options);
        return new StackDefinition(
            [.. loader.OfType("AWS::DynamoDB::Table").Select(loader.Table)],
            [.. loader.OfType("AWS::SQS::Queue").Select(loader.Queue)],
            [.. loader.OfType("AWS::Serverless::Function").Select(loader.Function)],
            [.. loader.OfType("AWS::S3::Bucket").Select(bucket => loader._names.Name(bucket.LogicalId, loader._evaluator))],
            loader._notes);
    }

    /// <summary>The values of a template's parameters that are texts.</summary>
    /// <exception cref="TemplateException">The template or a parameter is wrong.</exception>
    public static IReadOnlyDictionary<string, string> ReadParameters(string yaml, IReadOnlyDictionary<string, string> given) =>
        ParameterValues.Resolve(TemplateReader.Read(yaml), given).Where(parameter => parameter.Value is JsonValue)
            .ToDictionary(parameter => parameter.Key, parameter => parameter.Value.GetValue<string>());

    private IEnumerable<(string LogicalId, MapValue Resource)> OfType(string type) =>
        from entry in _resources.Entries
        let resource = entry.Value.AsMap(entry.Key)
        where resource["Type"]?.AsText("Type") == type
        where resource["Condition"] is not ScalarValue { Text: { } condition } || _evaluator.IsTrue(condition, resource.Line)
        select (entry.Key, resource);

    private JsonObject Evaluate(MapValue resource, params string[] properties)
    {
        var section = resource.Section("Properties");
        var result = new JsonObject();
        foreach (var name in properties)
        {
            if (_evaluator.Evaluate(section[name]) is { } value)
            {
                result[name] = value;
            }
        }

        return result;
    }

    private TableDefinition Table((string LogicalId, MapValue Resource) entry)
    {
        var properties = Evaluate(
            entry.Resource, "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes",
            "LocalSecondaryIndexes", "StreamSpecification", "TimeToLiveSpecification");
        var timeToLive = properties.Map("TimeToLiveSpecification");
        return new TableDefinition(
            entry.LogicalId,
            _names.Name(entry.LogicalId, _evaluator),
            properties,
            properties.Map("StreamSpecification").Text("StreamViewType"),
            timeToLive.Flag("Enabled", true, entry.Resource.Line) ? timeToLive.Text("AttributeName") : null);
    }

    private QueueDefinition Queue((string LogicalId, MapValue Resource) entry)
    {
        var properties = Evaluate(entry.Resource, [.. QueueAttributes, "RedrivePolicy"]);
        var attributes = QueueAttributes
            .Where(name => properties.Text(name) is not null)
            .ToDictionary(name => name, name => properties.Text(name)!);
        var redrive = properties.Map("RedrivePolicy");
        var target = redrive.Text("deadLetterTargetArn");
        if (target is not null)
        {
            attributes["RedrivePolicy"] = new JsonObject
            {
                ["deadLetterTargetArn"] = target,
                ["maxReceiveCount"] = redrive.Number("maxReceiveCount", 10, entry.Resource.Line),
            }.ToJsonString();
        }

        var name = _names.Name(entry.LogicalId, _evaluator);
        return new QueueDefinition(entry.LogicalId, name, _names.QueueUrl(name), ResourceNames.QueueArn(name), attributes, target);
    }

    private FunctionDefinition Function((string LogicalId, MapValue Resource) entry)
    {
        var line = entry.Resource.Line;
        var properties = _functionGlobals.DeepClone().AsObject();
        foreach (var (name, value) in Evaluate(
            entry.Resource, "Handler", "Timeout", "MemorySize", "ReservedConcurrentExecutions", "EventInvokeConfig", "Environment", "Events"))
        {
            properties[name] = name == "Environment" ? Merge(properties.Map(name), value!.AsObject()) : value!.DeepClone();
        }

        var environment = properties.Map("Environment").Map("Variables")
            .ToDictionary(variable => variable.Key, variable => variable.Value!.GetValue<string>());
        var asynchronous = properties.Map("EventInvokeConfig");
        var reserved = properties.Number("ReservedConcurrentExecutions", -1, line);
        return new FunctionDefinition(
            entry.LogicalId,
            environment.GetValueOrDefault("ANNOTATIONS_HANDLER") ?? entry.LogicalId,
            _names.Name(entry.LogicalId, _evaluator),
            properties.RequiredText("Handler", line),
            properties.Number("Timeout", DefaultTimeoutSeconds, line),
            properties.Number("MemorySize", DefaultMemorySize, line),
            reserved >= 0 ? reserved : null,
            asynchronous.Number("MaximumRetryAttempts", DefaultAsyncRetries, line),
            asynchronous.Number("MaximumEventAgeInSeconds", DefaultAsyncAgeSeconds, line),
            environment,
            EventSourceReader.Read(entry.LogicalId, properties.Map("Events"), line, _notes))
        {
            Grants = _roles.Read(entry.Resource),
            Aliases = [.. AliasesOf(_names.Name(entry.LogicalId, _evaluator))],
        };
    }

    private IEnumerable<string> AliasesOf(string function) =>
        from alias in OfType("AWS::Lambda::Alias")
        let properties = Evaluate(alias.Resource, "FunctionName", "Name")
        where properties.RequiredText("FunctionName", alias.Resource.Line) == function
        select properties.RequiredText("Name", alias.Resource.Line);

    private static JsonObject Merge(JsonObject globals, JsonObject own)
    {
        var variables = globals.Map("Variables").DeepClone().AsObject();
        foreach (var (name, value) in own.Map("Variables"))
        {
            variables[name] = value!.DeepClone();
        }

        return new JsonObject { ["Variables"] = variables };
    }
}
