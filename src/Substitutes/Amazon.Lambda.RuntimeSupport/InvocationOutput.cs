namespace Amazon.Lambda.RuntimeSupport;

/// <summary>The payload of a response, and whether it is to be disposed once it was sent.</summary>
internal readonly record struct InvocationOutput(Stream Stream, bool Dispose);
