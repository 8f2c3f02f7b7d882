namespace Amazon.Lambda.RuntimeSupport;

/// <summary>One event from the Runtime API.</summary>
internal sealed record Invocation(MemoryStream InputStream, LambdaContext LambdaContext);
