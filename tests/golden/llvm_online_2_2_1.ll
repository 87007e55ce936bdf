define internal void @forward(ptr %arena, ptr %table) #0 {
entry:
  %v1 = getelementptr double, ptr %arena, i64 8
  %v2 = load <2 x double>, ptr %v1, align 8
  %v3 = load <2 x double>, ptr %arena, align 8
  %v4 = load ptr, ptr %table, align 8
  %v5 = load double, ptr %v4, align 8
  %v6 = insertelement <2 x double> poison, double %v5, i32 0
  %v7 = shufflevector <2 x double> %v6, <2 x double> poison, <2 x i32> zeroinitializer
  %v8 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v7, <2 x double> %v3, <2 x double> %v2)
  %v9 = getelementptr double, ptr %arena, i64 2
  %v10 = load <2 x double>, ptr %v9, align 8
  %v11 = getelementptr double, ptr %v4, i64 1
  %v12 = load double, ptr %v11, align 8
  %v13 = insertelement <2 x double> poison, double %v12, i32 0
  %v14 = shufflevector <2 x double> %v13, <2 x double> poison, <2 x i32> zeroinitializer
  %v15 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v14, <2 x double> %v10, <2 x double> %v8)
  %v16 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v15, <2 x double> splat (double -1.4426950408889634), <2 x double> splat (double 6755399441055744.0))
  %v17 = fsub <2 x double> %v16, splat (double 6755399441055744.0)
  %v18 = call <2 x double> @llvm.fabs.v2f64(<2 x double> %v15)
  %v19 = fcmp ogt <2 x double> %v18, splat (double 707.5)
  %v20 = fcmp olt <2 x double> %v15, splat (double 0.0)
  %v21 = select <2 x i1> %v20, <2 x double> splat (double 0x7FF0000000000000), <2 x double> splat (double 0.0)
  %v22 = bitcast <2 x double> %v16 to <2 x i64>
  %v23 = sub <2 x i64> %v22, splat (i64 4843621399236968448)
  %v24 = add <2 x i64> %v23, splat (i64 1023)
  %v25 = shl <2 x i64> %v24, splat (i64 52)
  %v26 = bitcast <2 x i64> %v25 to <2 x double>
  %v27 = select <2 x i1> %v19, <2 x double> %v21, <2 x double> %v26
  %v28 = fneg <2 x double> %v15
  %v29 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v17, <2 x double> splat (double -0.6931467056274414), <2 x double> %v28)
  %v30 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v17, <2 x double> splat (double 0xBE9FDF473DE6AF28), <2 x double> %v29)
  %v31 = select <2 x i1> %v19, <2 x double> splat (double 1.0), <2 x double> %v30
  %v32 = fmul <2 x double> %v31, %v31
  %v33 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.16666666666666669), <2 x double> %v31, <2 x double> splat (double 0.5000000000000001))
  %v34 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.008333333333330039), <2 x double> %v31, <2 x double> splat (double 0.041666666666623824))
  %v35 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0.00019841269863171557), <2 x double> %v31, <2 x double> splat (double 0.0013888888917367081))
  %v36 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3EC71DE0D85293B8), <2 x double> %v31, <2 x double> splat (double 0x3EFA019B8CA26FCF))
  %v37 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> splat (double 0x3E5AF390BA7E6F47), <2 x double> %v31, <2 x double> splat (double 0x3E92891D4FFBB0F9))
  %v38 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v34, <2 x double> %v32, <2 x double> %v33)
  %v39 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v36, <2 x double> %v32, <2 x double> %v35)
  %v40 = fmul <2 x double> %v32, %v32
  %v41 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v39, <2 x double> %v40, <2 x double> %v38)
  %v42 = fmul <2 x double> %v40, %v40
  %v43 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v37, <2 x double> %v42, <2 x double> %v41)
  %v44 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v32, <2 x double> %v43, <2 x double> %v31)
  %v45 = fadd <2 x double> %v27, splat (double 1.0)
  %v46 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v27, <2 x double> %v44, <2 x double> %v45)
  %v47 = fdiv <2 x double> splat (double 1.0), %v46
  %v48 = fmul <2 x double> %v47, %v47
  %v49 = fneg <2 x double> %v47
  %v50 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v49, <2 x double> %v47, <2 x double> %v47)
  %v51 = getelementptr double, ptr %arena, i64 32
  %v52 = load double, ptr %v51, align 8
  %v53 = insertelement <2 x double> poison, double %v52, i32 0
  %v54 = shufflevector <2 x double> %v53, <2 x double> poison, <2 x i32> zeroinitializer
  %v55 = fmul <2 x double> %v54, %v50
  %v56 = getelementptr double, ptr %arena, i64 16
  %v57 = load <2 x double>, ptr %v56, align 8
  %v58 = fmul <2 x double> %v57, %v55
  %v59 = getelementptr double, ptr %arena, i64 40
  store <2 x double> %v47, ptr %v59, align 8
  %v60 = getelementptr double, ptr %arena, i64 56
  store <2 x double> %v58, ptr %v60, align 8
  %v61 = getelementptr double, ptr %arena, i64 24
  %v62 = load double, ptr %v61, align 8
  %v63 = load double, ptr %v56, align 8
  %v64 = load double, ptr %v59, align 8
  %v65 = call double @llvm.fmuladd.f64(double %v64, double %v63, double %v62)
  %v66 = getelementptr double, ptr %v56, i64 1
  %v67 = load double, ptr %v66, align 8
  %v68 = getelementptr double, ptr %v59, i64 1
  %v69 = load double, ptr %v68, align 8
  %v70 = call double @llvm.fmuladd.f64(double %v69, double %v67, double %v65)
  %v71 = call double @llvm.fmuladd.f64(double %v70, double -1.4426950408889634, double 6755399441055744.0)
  %v72 = fsub double %v71, 6755399441055744.0
  %v73 = call double @llvm.fabs.f64(double %v70)
  %v74 = fcmp ogt double %v73, 707.5
  %v75 = fcmp olt double %v70, 0.0
  %v76 = select i1 %v75, double 0x7FF0000000000000, double 0.0
  %v77 = bitcast double %v71 to i64
  %v78 = sub i64 %v77, 4843621399236968448
  %v79 = add i64 %v78, 1023
  %v80 = shl i64 %v79, 52
  %v81 = bitcast i64 %v80 to double
  %v82 = select i1 %v74, double %v76, double %v81
  %v83 = fneg double %v70
  %v84 = call double @llvm.fmuladd.f64(double %v72, double -0.6931467056274414, double %v83)
  %v85 = call double @llvm.fmuladd.f64(double %v72, double 0xBE9FDF473DE6AF28, double %v84)
  %v86 = select i1 %v74, double 1.0, double %v85
  %v87 = fmul double %v86, %v86
  %v88 = call double @llvm.fmuladd.f64(double 0.16666666666666669, double %v86, double 0.5000000000000001)
  %v89 = call double @llvm.fmuladd.f64(double 0.008333333333330039, double %v86, double 0.041666666666623824)
  %v90 = call double @llvm.fmuladd.f64(double 0.00019841269863171557, double %v86, double 0.0013888888917367081)
  %v91 = call double @llvm.fmuladd.f64(double 0x3EC71DE0D85293B8, double %v86, double 0x3EFA019B8CA26FCF)
  %v92 = call double @llvm.fmuladd.f64(double 0x3E5AF390BA7E6F47, double %v86, double 0x3E92891D4FFBB0F9)
  %v93 = call double @llvm.fmuladd.f64(double %v89, double %v87, double %v88)
  %v94 = call double @llvm.fmuladd.f64(double %v91, double %v87, double %v90)
  %v95 = fmul double %v87, %v87
  %v96 = call double @llvm.fmuladd.f64(double %v94, double %v95, double %v93)
  %v97 = fmul double %v95, %v95
  %v98 = call double @llvm.fmuladd.f64(double %v92, double %v97, double %v96)
  %v99 = call double @llvm.fmuladd.f64(double %v87, double %v98, double %v86)
  %v100 = fadd double %v82, 1.0
  %v101 = call double @llvm.fmuladd.f64(double %v82, double %v99, double %v100)
  %v102 = fdiv double 1.0, %v101
  %v103 = getelementptr ptr, ptr %table, i64 1
  %v104 = load ptr, ptr %v103, align 8
  %v105 = load double, ptr %v104, align 8
  %v106 = fsub double %v105, %v102
  %v107 = fsub double %v102, %v105
  %v108 = fmul double %v102, %v102
  %v109 = fneg double %v102
  %v110 = call double @llvm.fmuladd.f64(double %v109, double %v102, double %v102)
  %v111 = fmul double %v107, %v110
  %v112 = load double, ptr %v51, align 8
  %v113 = fmul double %v112, %v111
  %v114 = fneg double %v112
  %v115 = call double @llvm.fmuladd.f64(double %v114, double %v111, double %v62)
  %v116 = getelementptr double, ptr %arena, i64 48
  store double %v106, ptr %v116, align 8
  %v117 = getelementptr double, ptr %arena, i64 64
  store double %v111, ptr %v117, align 8
  %v118 = getelementptr double, ptr %arena, i64 80
  store double %v115, ptr %v118, align 8
  %v119 = load double, ptr %v116, align 8
  %v120 = fmul double %v119, %v119
  %v121 = call double @llvm.fmuladd.f64(double %v119, double %v119, double 0.0)
  %v122 = fmul double 0.5, %v121
  %v123 = getelementptr double, ptr %arena, i64 72
  store double %v122, ptr %v123, align 8
  ret void
}
define internal void @update(ptr %arena, ptr %table) #0 {
entry:
  %v1 = getelementptr double, ptr %arena, i64 56
  %v2 = load <2 x double>, ptr %v1, align 8
  %v3 = getelementptr double, ptr %arena, i64 64
  %v4 = load double, ptr %v3, align 8
  %v5 = insertelement <2 x double> poison, double %v4, i32 0
  %v6 = shufflevector <2 x double> %v5, <2 x double> poison, <2 x i32> zeroinitializer
  %v7 = fmul <2 x double> %v2, %v6
  %v8 = getelementptr double, ptr %arena, i64 8
  %v9 = load <2 x double>, ptr %v8, align 8
  %v10 = fneg <2 x double> %v2
  %v11 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v10, <2 x double> %v6, <2 x double> %v9)
  store <2 x double> %v11, ptr %v8, align 8
  %v12 = getelementptr double, ptr %arena, i64 32
  %v13 = load double, ptr %v12, align 8
  %v14 = load double, ptr %v3, align 8
  %v15 = fmul double %v13, %v14
  %v16 = getelementptr double, ptr %arena, i64 40
  %v17 = load double, ptr %v16, align 8
  %v18 = fmul double %v15, %v17
  %v19 = getelementptr double, ptr %arena, i64 16
  %v20 = load double, ptr %v19, align 8
  %v21 = fneg double %v15
  %v22 = call double @llvm.fmuladd.f64(double %v21, double %v17, double %v20)
  %v23 = getelementptr double, ptr %v16, i64 1
  %v24 = load double, ptr %v23, align 8
  %v25 = fmul double %v15, %v24
  %v26 = getelementptr double, ptr %v19, i64 1
  %v27 = load double, ptr %v26, align 8
  %v28 = call double @llvm.fmuladd.f64(double %v21, double %v24, double %v27)
  store double %v22, ptr %v19, align 8
  store double %v28, ptr %v26, align 8
  %v29 = getelementptr double, ptr %arena, i64 80
  %v30 = load double, ptr %v29, align 8
  %v31 = getelementptr double, ptr %arena, i64 24
  store double %v30, ptr %v31, align 8
  %v32 = load <2 x double>, ptr %v1, align 8
  %v33 = load double, ptr %v3, align 8
  %v34 = insertelement <2 x double> poison, double %v33, i32 0
  %v35 = shufflevector <2 x double> %v34, <2 x double> poison, <2 x i32> zeroinitializer
  %v36 = fmul <2 x double> %v32, %v35
  %v37 = load ptr, ptr %table, align 8
  %v38 = load double, ptr %v37, align 8
  %v39 = insertelement <2 x double> poison, double %v38, i32 0
  %v40 = shufflevector <2 x double> %v39, <2 x double> poison, <2 x i32> zeroinitializer
  %v41 = fmul <2 x double> %v36, %v40
  %v42 = load <2 x double>, ptr %arena, align 8
  %v43 = fneg <2 x double> %v36
  %v44 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v43, <2 x double> %v40, <2 x double> %v42)
  %v45 = getelementptr double, ptr %v37, i64 1
  %v46 = load double, ptr %v45, align 8
  %v47 = insertelement <2 x double> poison, double %v46, i32 0
  %v48 = shufflevector <2 x double> %v47, <2 x double> poison, <2 x i32> zeroinitializer
  %v49 = fmul <2 x double> %v36, %v48
  %v50 = getelementptr double, ptr %arena, i64 2
  %v51 = load <2 x double>, ptr %v50, align 8
  %v52 = call <2 x double> @llvm.fmuladd.v2f64(<2 x double> %v43, <2 x double> %v48, <2 x double> %v51)
  store <2 x double> %v44, ptr %arena, align 8
  store <2 x double> %v52, ptr %v50, align 8
  ret void
}
define i64 @run(ptr %home, ptr %addresses, ptr %examples, ptr %order, i64 %total, i64 %epoch, i64 %batch, i64 %rounded, ptr %scalars, ptr %errors) #0 {
entry:
  %mode = alloca i32
  %mode.new = alloca i32
  call void @llvm.x86.sse.stmxcsr(ptr %mode)
  %mode.old = load i32, ptr %mode
  %mode.set = or i32 %mode.old, 32832
  store i32 %mode.set, ptr %mode.new
  call void @llvm.x86.sse.ldmxcsr(ptr %mode.new)
  %arena = alloca [2816 x i8], align 64
  %table = alloca [2 x ptr], align 8
  %v1 = getelementptr i8, ptr %home, i64 0
  %v2 = getelementptr i8, ptr %arena, i64 0
  %v3 = load <2 x double>, ptr %v1, align 8
  store <2 x double> %v3, ptr %v2, align 8
  %v4 = getelementptr i8, ptr %home, i64 16
  %v5 = getelementptr i8, ptr %arena, i64 16
  %v6 = load <2 x double>, ptr %v4, align 8
  store <2 x double> %v6, ptr %v5, align 8
  %v7 = getelementptr i8, ptr %home, i64 64
  %v8 = getelementptr i8, ptr %arena, i64 64
  %v9 = load <2 x double>, ptr %v7, align 8
  store <2 x double> %v9, ptr %v8, align 8
  %v10 = getelementptr i8, ptr %home, i64 128
  %v11 = getelementptr i8, ptr %arena, i64 128
  %v12 = load double, ptr %v10, align 8
  store double %v12, ptr %v11, align 8
  %v13 = getelementptr i8, ptr %home, i64 136
  %v14 = getelementptr i8, ptr %arena, i64 136
  %v15 = load double, ptr %v13, align 8
  store double %v15, ptr %v14, align 8
  %v16 = getelementptr i8, ptr %home, i64 192
  %v17 = getelementptr i8, ptr %arena, i64 192
  %v18 = load double, ptr %v16, align 8
  store double %v18, ptr %v17, align 8
  %v20 = load ptr, ptr %scalars, align 8
  %v24 = load ptr, ptr %examples, align 8
  %v29 = getelementptr ptr, ptr %examples, i64 1
  %v30 = load ptr, ptr %v29, align 8
  %v32 = getelementptr ptr, ptr %table, i64 1
  br label %loop1
loop1:
  %v19 = phi i64 [ 0, %entry ], [ %nextloop1, %on2 ]
  %v21 = getelementptr double, ptr %v20, i64 %v19
  %v22 = load double, ptr %v21, align 8
  %v23 = getelementptr i8, ptr %arena, i64 256
  store double %v22, ptr %v23, align 8
  %v25 = getelementptr i64, ptr %order, i64 %v19
  %v26 = load i64, ptr %v25, align 8
  %v27 = mul i64 %v26, 2
  %v28 = getelementptr double, ptr %v24, i64 %v27
  store ptr %v28, ptr %table
  %v31 = getelementptr double, ptr %v30, i64 %v26
  store ptr %v31, ptr %v32
  call void @forward(ptr %arena, ptr %table) alwaysinline
  %v33 = getelementptr i8, ptr %arena, i64 576
  %v34 = load double, ptr %v33, align 8
  %v35 = getelementptr double, ptr %errors, i64 %v19
  store double %v34, ptr %v35, align 8
  %v36 = call double @llvm.fabs.f64(double %v34)
  %v37 = fcmp olt double %v36, 0x7FF0000000000000
  br i1 %v37, label %on2, label %off2
off2:
  %v38 = getelementptr i8, ptr %arena, i64 0
  %v39 = getelementptr i8, ptr %home, i64 0
  %v40 = load <2 x double>, ptr %v38, align 8
  store <2 x double> %v40, ptr %v39, align 8
  %v41 = getelementptr i8, ptr %arena, i64 16
  %v42 = getelementptr i8, ptr %home, i64 16
  %v43 = load <2 x double>, ptr %v41, align 8
  store <2 x double> %v43, ptr %v42, align 8
  %v44 = getelementptr i8, ptr %arena, i64 64
  %v45 = getelementptr i8, ptr %home, i64 64
  %v46 = load <2 x double>, ptr %v44, align 8
  store <2 x double> %v46, ptr %v45, align 8
  %v47 = getelementptr i8, ptr %arena, i64 128
  %v48 = getelementptr i8, ptr %home, i64 128
  %v49 = load double, ptr %v47, align 8
  store double %v49, ptr %v48, align 8
  %v50 = getelementptr i8, ptr %arena, i64 136
  %v51 = getelementptr i8, ptr %home, i64 136
  %v52 = load double, ptr %v50, align 8
  store double %v52, ptr %v51, align 8
  %v53 = getelementptr i8, ptr %arena, i64 192
  %v54 = getelementptr i8, ptr %home, i64 192
  %v55 = load double, ptr %v53, align 8
  store double %v55, ptr %v54, align 8
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %v19
on2:
  call void @update(ptr %arena, ptr %table) alwaysinline
  %nextloop1 = add i64 %v19, 1
  %againloop1 = icmp slt i64 %nextloop1, %total
  br i1 %againloop1, label %loop1, label %endloop1
endloop1:
  %v56 = getelementptr i8, ptr %arena, i64 0
  %v57 = getelementptr i8, ptr %home, i64 0
  %v58 = load <2 x double>, ptr %v56, align 8
  store <2 x double> %v58, ptr %v57, align 8
  %v59 = getelementptr i8, ptr %arena, i64 16
  %v60 = getelementptr i8, ptr %home, i64 16
  %v61 = load <2 x double>, ptr %v59, align 8
  store <2 x double> %v61, ptr %v60, align 8
  %v62 = getelementptr i8, ptr %arena, i64 64
  %v63 = getelementptr i8, ptr %home, i64 64
  %v64 = load <2 x double>, ptr %v62, align 8
  store <2 x double> %v64, ptr %v63, align 8
  %v65 = getelementptr i8, ptr %arena, i64 128
  %v66 = getelementptr i8, ptr %home, i64 128
  %v67 = load double, ptr %v65, align 8
  store double %v67, ptr %v66, align 8
  %v68 = getelementptr i8, ptr %arena, i64 136
  %v69 = getelementptr i8, ptr %home, i64 136
  %v70 = load double, ptr %v68, align 8
  store double %v70, ptr %v69, align 8
  %v71 = getelementptr i8, ptr %arena, i64 192
  %v72 = getelementptr i8, ptr %home, i64 192
  %v73 = load double, ptr %v71, align 8
  store double %v73, ptr %v72, align 8
  call void @llvm.x86.sse.ldmxcsr(ptr %mode)
  ret i64 %total
}
declare <2 x double> @llvm.fmuladd.v2f64(<2 x double>, <2 x double>, <2 x double>)
declare <2 x double> @llvm.fabs.v2f64(<2 x double>)
declare double @llvm.fmuladd.f64(double, double, double)
declare double @llvm.fabs.f64(double)
declare void @llvm.x86.sse.stmxcsr(ptr)
declare void @llvm.x86.sse.ldmxcsr(ptr)
attributes #0 = { nounwind "prefer-vector-width"="256" "min-legal-vector-width"="256" "reciprocal-estimates"="vec-divf" }
