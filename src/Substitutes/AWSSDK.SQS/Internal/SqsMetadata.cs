using Amazon.Runtime.Internal;

namespace Amazon.SQS.Internal;

/// <summary>What the service is called.</summary>
internal sealed class SqsMetadata : IServiceMetadata
{
    public string ServiceId => "SQS";

    public IDictionary<string, string> OperationNameMapping { get; } = new Dictionary<string, string>();
}
