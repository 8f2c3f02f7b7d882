using System.Reflection;
using Amazon.Lambda.Annotations;
using Relaybox.Functions.Hosting;

namespace Relaybox.Functions.Tests;

/// <summary>A method of the functions' assembly that is declared as a Lambda function by an attribute.</summary>
/// <param name="Method">The method.</param>
/// <param name="Attribute">Its declaration.</param>
/// <param name="Sources">Every other attribute of Amazon.Lambda.Annotations on it: what starts the function.</param>
internal sealed record DeclaredFunction(MethodInfo Method, LambdaFunctionAttribute Attribute, IReadOnlyList<Attribute> Sources)
{
    private const BindingFlags Declared =
        BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;

    private static readonly string Annotations = typeof(LambdaFunctionAttribute).Assembly.GetName().Name!;

    public static Assembly Assembly { get; } = typeof(FunctionCatalog).Assembly;

    public static IReadOnlyList<DeclaredFunction> All { get; } =
    [
        .. from type in Assembly.GetTypes()
           from method in type.GetMethods(Declared)
           let attributes = method.GetCustomAttributes(inherit: false).Where(IsOfAnnotations).Cast<Attribute>().ToList()
           where attributes.Count > 0
           select new DeclaredFunction(
               method,
               Assert.Single(attributes.OfType<LambdaFunctionAttribute>()),
               [.. attributes.Where(attribute => attribute is not LambdaFunctionAttribute)]),
    ];

    /// <summary>The name that template.yaml gives the function in ANNOTATIONS_HANDLER.</summary>
    public string Name => TemplateDocument.Instance.Variable(Attribute.ResourceName, FunctionProcess.NameVariable);

    public override string ToString() => $"{Method.DeclaringType!.Name}.{Method.Name}";

    private static bool IsOfAnnotations(object attribute) => attribute.GetType().Assembly.GetName().Name == Annotations;
}
