namespace Amazon.Lambda.Annotations.DynamoDB;

/// <summary>Where in a stream an event source begins.</summary>
public enum StartingPosition
{
    LATEST,
    TRIM_HORIZON,
}
