namespace Relaybox.Local.Stack;

/// <summary>What invokes a function.</summary>
internal abstract record EventSourceDefinition(string Name);

/// <summary>A DynamoDB stream; times in seconds, -1 for no limit, as in the template.</summary>
internal sealed record StreamEventDefinition(
    string Name,
    string TableName,
    bool FromTrimHorizon,
    int BatchSize,
    int BatchingWindowSeconds,
    bool ReportBatchItemFailures,
    bool BisectOnError,
    int MaximumRetryAttempts,
    int MaximumRecordAgeSeconds,
    string? OnFailureQueueArn,
    IReadOnlyList<string> FilterPatterns) : EventSourceDefinition(Name);

/// <summary>An SQS queue.</summary>
/// <param name="MaximumConcurrency">Null for no limit.</param>
internal sealed record QueueEventDefinition(
    string Name,
    string QueueArn,
    int BatchSize,
    int BatchingWindowSeconds,
    bool ReportBatchItemFailures,
    int? MaximumConcurrency,
    IReadOnlyList<string> FilterPatterns) : EventSourceDefinition(Name);

/// <summary>
/// A schedule. Its retry policy and dead-letter queue are for calls that cannot reach the function, which does not
/// happen here; errors of the function are a matter of <see cref="FunctionDefinition.AsyncRetries"/>.
/// </summary>
/// <param name="Input">What the function gets; null for the service's own event.</param>
/// <param name="IsOn">Whether it invokes the function at all.</param>
internal sealed record ScheduleEventDefinition(string Name, string Expression, string TimeZone, string? Input, bool IsOn = true)
    : EventSourceDefinition(Name);
