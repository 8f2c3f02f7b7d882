namespace Amazon.Lambda.Annotations.SQS;

/// <summary>Declares the queue that starts a function: an ARN, or the template's resource with an @ before it.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public class SQSEventAttribute(string queue) : Attribute
{
    public string Queue { get; set; } = queue;

    // The official attribute makes a name up where none is set.
    public string ResourceName { get; set; }

    public bool Enabled { get; set; } = true;

    public uint BatchSize { get; set; }

    public uint MaximumBatchingWindowInSeconds { get; set; }

    public string Filters { get; set; }

    public uint MaximumConcurrency { get; set; }
}
