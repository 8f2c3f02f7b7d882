namespace Amazon.Lambda.RuntimeSupport.Bootstrap;

/// <summary>What a process may set for itself instead of its environment.</summary>
public class LambdaBootstrapOptions
{
    /// <summary>Host, port and path of the Runtime API; AWS_LAMBDA_RUNTIME_API when it is not set.</summary>
    public string RuntimeApiEndpoint { get; set; }
}
