namespace Amazon.Lambda.Annotations.DynamoDB;

/// <summary>Declares the stream that starts a function: an ARN, or the template's table with an @ before it.</summary>
[AttributeUsage(AttributeTargets.Method, AllowMultiple = true)]
public class DynamoDBEventAttribute(string stream) : Attribute
{
    public string Stream { get; set; } = stream;

    // The official attribute makes a name up where none is set.
    public string ResourceName { get; set; }

    public uint BatchSize { get; set; } = 100;

    public StartingPosition StartingPosition { get; set; } = StartingPosition.LATEST;

    public bool Enabled { get; set; } = true;

    public uint MaximumBatchingWindowInSeconds { get; set; }

    public string Filters { get; set; }
}
