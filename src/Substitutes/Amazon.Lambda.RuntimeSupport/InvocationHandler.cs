namespace Amazon.Lambda.RuntimeSupport;

/// <summary>A handler of any shape, behind its serializer.</summary>
internal delegate Task<InvocationOutput> InvocationHandler(Invocation invocation);
