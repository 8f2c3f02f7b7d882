using System.Text.Json;
using Amazon.Runtime;

namespace Amazon.SQS.Model;

/// <summary>What every SQS request has.</summary>
public abstract class AmazonSQSRequest : AmazonWebServiceRequest
{
    internal abstract string Operation { get; }

    /// <summary>Writes the members that are set, in the order of their names.</summary>
    internal abstract void Write(Utf8JsonWriter writer);
}
